using FsCheck;
using FsCheck.Fluent;
using Virga.Core.Routing;
using Virga.Gateway.Routing;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests.Routing;

public sealed class RouteTableTests
{
    [Theory]
    [InlineData("/users/me", "/users/me")]
    [InlineData("/users/7", "/users/{id}")]
    [InlineData("/users/7/posts", "/users/{id}/posts")]
    [InlineData("/users/me/posts", "/users/{id}/posts")]
    [InlineData("/users/me/other", "/users/{*rest}")]
    [InlineData("/users/", "/users/{*rest}")]
    [InlineData("/users", null)]
    [InlineData("/", "/")]
    [InlineData("/x", null)]
    public void A_literal_goes_before_a_parameter_and_a_parameter_before_a_wildcard(string path, string? expected)
    {
        var table = new RouteTable();
        foreach (var template in (string[])["/", "/users/me", "/users/{id}", "/users/{id}/posts", "/users/{*rest}"])
        {
            table.Put(TestRoutes.Make("GET", template));
        }

        Find(table, path)?.Route.Template.Text.ShouldBe(expected);
        (Find(table, path) is null).ShouldBe(expected is null);
    }

    [Theory]
    [InlineData("shop.example", "shop")]
    [InlineData("SHOP.example:8080", "shop")]
    [InlineData("other.example", "any")]
    [InlineData("[::1]:8080", "any")]
    [InlineData("", "any")]
    public void A_route_of_the_host_goes_before_one_of_any_host(string host, string expected)
    {
        var table = new RouteTable();
        table.Put(TestRoutes.Make("GET", "/{*rest}", "shop", host: "Shop.example"));
        table.Put(TestRoutes.Make("GET", "/cart", "any"));

        Find(table, "/cart", host: host)!.Route.Function.Name.Value.ShouldBe(expected);
    }

    [Fact]
    public void A_route_of_the_same_name_replaces_the_one_before()
    {
        var table = new RouteTable();
        table.Put(TestRoutes.Make("GET", "/old", name: "a"));
        table.Put(TestRoutes.Make("GET", "/new", name: "a"));

        Find(table, "/old").ShouldBeNull();
        Find(table, "/new").ShouldNotBeNull();
    }

    [Fact]
    public void A_snapshot_does_not_change_under_its_reader()
    {
        var table = new RouteTable();
        var route = TestRoutes.Make("GET", "/a/{b}");
        table.Put(route);
        var snapshot = table.Current;

        table.Remove(route);

        snapshot.Find("", PathOf("/a/1"), "GET").ShouldNotBeNull();
        Find(table, "/a/1").ShouldBeNull();
    }

    [Fact]
    public void Ten_thousand_routes_are_found_and_taken_out_again()
    {
        var table = new RouteTable();
        var routes = Enumerable.Range(0, 10_000).Select(i => TestRoutes.Make("GET", $"/service-{i}/{{id}}", name: $"r-{i}")).ToList();
        routes.ForEach(table.Put);

        for (var i = 0; i < routes.Count; i++)
        {
            Find(table, $"/service-{i}/x")!.Route.ShouldBeSameAs(routes[i]);
        }

        routes.ForEach(table.Remove);
        Find(table, "/service-77/x").ShouldBeNull();
        table.Current.MethodsOf("", PathOf("/service-77/x")).ShouldBeEmpty();
    }

    [Fact]
    public void The_table_finds_what_a_search_through_all_templates_finds()
    {
        var segment = Gen.Elements("a", "b", "{x}");
        var template =
            from parts in segment.ListOf().Resize(4)
            from last in Gen.Elements("", "/", "/{*rest}")
            select "/" + string.Join('/', parts.Select((part, i) => part == "{x}" ? "{x" + i + "}" : part)) + (parts.Count == 0 ? last.TrimStart('/') : last);
        var route =
            from text in template
            from methods in Gen.Elements("GET", "POST", "HEAD", "")
            select (Text: text, Methods: methods);
        var path = from parts in Gen.Elements("a", "b", "c", "").ListOf().Resize(5) select "/" + string.Join('/', parts);
        var input =
            from routes in route.ListOf().Resize(12)
            from removed in Gen.Choose(0, 3)
            from text in path
            from method in Gen.Elements("GET", "HEAD", "POST")
            select (Routes: routes, Removed: removed, Path: text, Method: method);

        Prop.ForAll(input.ToArbitrary(), x => Agrees(x.Routes, x.Removed, x.Path, x.Method)).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static bool Agrees(IEnumerable<(string Text, string Methods)> made, int removed, string path, string method)
    {
        // Control lets no two routes of one shape and method into force.
        var routes = made.Select(r => TestRoutes.Make(r.Methods, r.Text)).DistinctBy(r => (r.Template.Shape, string.Join(',', r.Spec.Methods))).ToList();
        var table = new RouteTable();
        routes.ForEach(table.Put);
        foreach (var route in routes.Take(removed))
        {
            table.Remove(route);
        }

        var expected = NaiveMatcher.Find(routes.Skip(removed), path, method);
        return ReferenceEquals(Find(table, path, method)?.Route, expected);
    }

    private static RouteEntry? Find(RouteTable table, string path, string method = "GET", string host = "") => table.Current.Find(host, PathOf(path), method);

    private static RequestPath PathOf(string path)
    {
        var read = new RequestPath();
        read.Read(path);
        return read;
    }
}
