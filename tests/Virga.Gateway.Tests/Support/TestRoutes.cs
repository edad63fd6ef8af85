using System.Globalization;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Gateway.Tests.Support;

internal static class TestRoutes
{
    private static int _count;

    /// <summary>A route with a name of its own; methods are separated by commas, none means all.</summary>
    public static Route Make(string methods, string path, string function = "hello", string? host = null, CorsSpec? cors = null, string? name = null)
    {
        PathTemplate.TryParse(path, out var template, out var error).ShouldBeTrue(error);
        var spec = new RouteSpec
        {
            Methods = methods.Split(',', StringSplitOptions.RemoveEmptyEntries),
            Host = host,
            Path = path,
            Function = function,
            Cors = cors,
        };
        name ??= "route-" + Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture);
        return new Route(ResourceName.Default, ResourceName.Default, ResourceName.Parse(name), spec, template!, new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse(function)), null);
    }
}
