using Virga.Gateway.Requests;
using Virga.Gateway.Routing;

namespace Virga.Gateway.Tests.Routing;

public sealed class FunctionUrlTests
{
    [Fact]
    public void A_function_url_is_kept_once_it_is_known_to_name_a_function()
    {
        var urls = new FunctionUrl();
        var path = PathOf("/f/hello:live/rest");
        var target = urls.Short(path, out var isKept).ShouldNotBeNull();
        isKept.ShouldBeFalse();
        urls.Short(path, out isKept).ShouldBe(target);
        isKept.ShouldBeFalse();
        urls.Keep(path, target);
        urls.Short(PathOf("/f/hello:live"), out isKept).ShouldBeSameAs(target);
        isKept.ShouldBeTrue();
        target.Qualifier.ShouldBe("live");
    }

    [Theory]
    [InlineData("/f/hello:")]
    [InlineData("/f/hello:a:b")]
    [InlineData("/f/hello:A")]
    [InlineData("/f/hello:0123456789012345678901234567890123456789012345678901234567890123")]
    [InlineData("/f/h0123456789012345678901234567890123456789012345678901234567890123")]
    public void What_is_no_name_or_qualifier_is_no_function_url(string path) => new FunctionUrl().Short(PathOf(path), out _).ShouldBeNull();

    private static RequestPath PathOf(string text)
    {
        var path = new RequestPath();
        path.Read(text);
        return path;
    }
}
