using Virga.Core.Routing;

namespace Virga.Core.Tests;

public sealed class PathTemplateTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/users/{id}", "/users/{}")]
    [InlineData("/users/{name}/posts", "/users/{}/posts")]
    [InlineData("/files/{*rest}", "/files/{*}")]
    [InlineData("/a/", "/a/")]
    public void A_template_has_the_shape_of_what_it_matches(string text, string shape)
    {
        PathTemplate.TryParse(text, out var template, out var error).ShouldBeTrue(error);
        template.Shape.ShouldBe(shape);
    }

    [Theory]
    [InlineData(null, "begins with '/'")]
    [InlineData("users", "begins with '/'")]
    [InlineData("/a//b", "empty segment")]
    [InlineData("/a/../b", "'..'")]
    [InlineData("/a/{}", "needs a name")]
    [InlineData("/a/x{id}", "fills its whole segment")]
    [InlineData("/a/{id}/{id}", "stands twice")]
    [InlineData("/a/{*rest}/b", "must be the last")]
    [InlineData("/a?b", "cannot have")]
    [InlineData("/a b", "cannot have")]
    [InlineData("/a/%2e", "cannot have")]
    public void A_wrong_template_is_refused_with_the_reason(string? text, string reason)
    {
        PathTemplate.TryParse(text, out _, out var error).ShouldBeFalse();
        error.ShouldContain(reason);
    }
}
