using System.Text;
using System.Text.Json.Nodes;

namespace Virga.Control.Tests;

public sealed class ApiTests
{
    private static readonly HttpMethod Post = HttpMethod.Post;
    private static readonly HttpMethod Put = HttpMethod.Put;
    private static readonly HttpMethod Delete = HttpMethod.Delete;

    [Theory]
    [InlineData("""{"spec":{"environment":"node","package":"x","memroy":"1GB"}}""", "memroy")]
    [InlineData("""{"spec":{"environment":"node","package":"x"},"nmae":"x"}""", "nmae")]
    [InlineData("""{"spec":{"package":"x"}}""", "environment")]
    [InlineData("""{"spec":{"environment":"node","package":"x","timeout":"soon"}}""", "soon")]
    [InlineData("""{"spec":{"environment":"node","package":"x","concurrency":"many"}}""", "concurrency")]
    [InlineData("""{"spec":{"environment":"node","package":"x","isolation":"chroot"}}""", "isolation")]
    [InlineData("""{"spec":{"environment":"node","package":null}}""", "package")]
    [InlineData("""{"spec":{"environment":"node","environment":"node","package":"x"}}""", "environment")]
    [InlineData("""{"spec":""", "JSON")]
    [InlineData("", "JSON")]
    [InlineData("null", "null")]
    [InlineData("[]", "JSON")]
    public async Task A_body_that_cannot_be_read_is_answered_with_what_is_wrong_in_it(string body, string named)
    {
        await using var host = await ControlHost.StartAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await host.Client.PutAsync("functions/hello", content, ControlHost.Cancellation);
        var text = await response.Content.ReadAsStringAsync(ControlHost.Cancellation);
        ((int)response.StatusCode).ShouldBe(400, text);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var detail = ((string?)JsonNode.Parse(text)!["detail"]).ShouldNotBeNull();
        detail.ShouldContain(named);
        detail.ShouldNotContain("Virga.");
        detail.ShouldNotContain("System.");
    }

    [Fact]
    public async Task Every_failure_of_routing_is_a_problem()
    {
        await using var host = await ControlHost.StartAsync();
        ((string?)(await host.GetAsync("nothing", 404))["type"]).ShouldBe("urn:virga:problem:not-found");
        ((string?)(await host.SendAsync(HttpMethod.Patch, "functions/hello", new { }, 405))["type"]).ShouldBe("urn:virga:problem:method-not-allowed");
        using var content = new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var response = await host.Client.PutAsync("functions/hello", content, ControlHost.Cancellation);
        ((int)response.StatusCode).ShouldBe(415);
        (await response.Content.ReadAsStringAsync(ControlHost.Cancellation)).ShouldContain("unsupported-media-type");
    }

    [Fact]
    public async Task Routes_that_match_the_same_requests_conflict()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        await host.SendAsync(Post, "routes", Route("/users/{id}", "GET", "PUT"), 201);
        host.Traffic.Routes.Keys.ShouldBe(["get-put-users-id"]);
        (await host.SendAsync(Post, "routes", Route("/users/{name}", "get"), 409)).ToString().ShouldContain("get-put-users-id");
        await host.SendAsync(Post, "routes", new { name = "all", spec = new { path = "/users/{x}", function = "hello" } }, 409);
        await host.SendAsync(Post, "routes", Route("/users/{id}", "DELETE"), 201);
        await host.SendAsync(Post, "routes", new { spec = new { path = "/users/{x}", host = "API.example.org", function = "hello" } }, 201);
        await host.SendAsync(Put, "routes/get-put-users-id", Route("/people/{id}", "GET"), 200);
        await host.SendAsync(Post, "routes", Route("/users/{name}", "GET"), 201);
        host.Traffic.Routes["get-put-users-id"].Template.Text.ShouldBe("/people/{id}");
        await host.SendAsync(Delete, "routes/get-users-name", null, 204);
        host.Traffic.Routes.ContainsKey("get-users-name").ShouldBeFalse();
    }

    [Fact]
    public async Task Routes_whose_derived_names_are_the_same_are_numbered()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        var parts = new string('a', 70);
        foreach (var path in (string[])["/a/b", "/a-b", "/users/{id}", "/users/id", $"/{parts}b", $"/{parts}c"])
        {
            await host.SendAsync(Post, "routes", Route(path, "GET"), 201);
        }

        (await host.SendAsync(Post, "routes", Route("/a-b", "GET"), 409)).ToString().ShouldContain("get-a-b-2");
        var cut = "get-" + parts;
        host.Traffic.Routes.Keys.Order(StringComparer.Ordinal).ShouldBe(["get-a-b", "get-a-b-2", cut[..61] + "-2", cut[..63], "get-users-id", "get-users-id-2"], ignoreOrder: true);
        host.Traffic.Routes["get-a-b-2"].Template.Text.ShouldBe("/a-b");
    }

    [Theory]
    [InlineData(204)]
    [InlineData(304)]
    public async Task An_answer_that_can_have_no_body_is_passed_on_without_one(int status)
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        host.Invoker.Status = status;
        using var content = new StringContent("echoed");
        using var response = await host.Client.PostAsync("functions/hello/invoke", content, ControlHost.Cancellation);
        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadAsStringAsync(ControlHost.Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_route_that_is_updated_is_never_missing()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        await host.SendAsync(Put, "routes/users", Route("/users/{id}", "GET"), 201);
        await host.SendAsync(Put, "routes/users", Route("/users/{id}", "GET", "PUT"), 200);
        host.Traffic.Routes["users"].Spec.Methods.ShouldBe(["GET", "PUT"]);
        host.Traffic.RemovedRoutes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/x", "missing")]
    [InlineData("/x", "hello:nine")]
    [InlineData("/x", "hello:9")]
    [InlineData("/x", "no/name")]
    [InlineData("x", "hello")]
    [InlineData("/a{b}", "hello")]
    public async Task A_route_to_nowhere_or_of_no_form_is_refused(string path, string function)
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        await host.SendAsync(Post, "routes", new { spec = new { path, function } }, 422);
        host.Traffic.Routes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("routes", """{"spec":{"path":"/x","function":"hello","methods":[null]}}""")]
    [InlineData("routes", """{"spec":{"path":"/x","function":"hello","cors":{"origins":["*"],"headers":[null]}}}""")]
    [InlineData("routes", """{"spec":{"path":"/x","function":"hello","cors":{"origins":["*"],"credentials":true}}}""")]
    [InlineData("routes", """{"spec":{"path":"/x","function":"hello","host":"a b"}}""")]
    [InlineData("environments", """{"name":"go","spec":{"command":[null]}}""")]
    [InlineData("environments", """{"name":"go","spec":{"command":[]}}""")]
    [InlineData("environments", """{"name":"go","spec":{"command":["/bin/go"],"variables":{"A":null}}}""")]
    [InlineData("environments", """{"name":"go","spec":{"command":["/bin/go"],"mounts":{"/a":null}}}""")]
    public async Task Nulls_and_nonsense_inside_of_a_spec_are_refused(string kind, string body)
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        await host.SendAsync(Post, kind, JsonNode.Parse(body), 422);
    }

    [Fact]
    public async Task Environments_that_come_with_Virga_are_shown_and_cannot_be_changed()
    {
        await using var host = await ControlHost.StartAsync();
        var spec = new { command = (string[])["/usr/bin/ruby"] };
        await host.SendAsync(Post, "environments", new { name = "go", spec }, 201);
        var page = await host.GetAsync("environments?limit=2");
        page["items"]!.AsArray().Select(item => (string?)item!["name"]).ShouldBe(["dotnet", "exec"]);
        page = await host.GetAsync($"environments?continue={(string?)page["continue"]}");
        page["items"]!.AsArray().Select(item => (bool)item!["status"]!["builtIn"]!).ShouldBe([false, true]);
        await host.SendAsync(Put, "environments/node", new { spec }, 409);
        await host.SendAsync(Delete, "environments/node", null, 409);
        await host.SendAsync(Put, "environments/go", new { spec = new { command = (string[])["ruby"] } }, 422);
        await host.DeployAsync("hello", environment: "go");
        await host.SendAsync(Delete, "environments/go", null, 409);
        await host.SendAsync(Delete, "functions/hello", null, 204);
        await host.SendAsync(Delete, "environments/go", null, 204);
    }

    [Fact]
    public async Task A_package_is_kept_while_a_function_uses_it()
    {
        await using var host = await ControlHost.StartAsync();
        var function = await host.DeployAsync("hello");
        var digest = (string?)function["spec"]!["package"];
        ((int?)(await host.GetAsync($"packages/{digest}"))["files"]).ShouldBe(1);
        (await host.GetAsync("packages"))["items"]!.AsArray().Count.ShouldBe(1);
        await host.SendAsync(Delete, $"packages/{digest}", null, 409);
        (await host.Service<Packages.PackageService>().CollectAsync(TimeSpan.FromSeconds(-5), ControlHost.Cancellation)).ShouldBe(0);
        await host.SendAsync(Delete, "functions/hello", null, 204);
        (await host.Service<Packages.PackageService>().CollectAsync(TimeSpan.FromHours(1), ControlHost.Cancellation)).ShouldBe(0);
        (await host.Service<Packages.PackageService>().CollectAsync(TimeSpan.FromSeconds(-5), ControlHost.Cancellation)).ShouldBe(1);
        await host.GetAsync($"packages/{digest}", 404);
        await host.GetAsync("packages/no-digest", 400);
    }

    [Fact]
    public async Task An_upload_over_the_limit_is_refused()
    {
        await using var host = await ControlHost.StartAsync(options => options with { MaxPackageBytes = 1000 });
        using var content = new ByteArrayContent(new byte[100_000]);
        using var response = await host.Client.PostAsync("packages", content, ControlHost.Cancellation);
        ((int)response.StatusCode).ShouldBe(413);
        (await response.Content.ReadAsStringAsync(ControlHost.Cancellation)).ShouldContain("package-too-large");
    }

    [Fact]
    public async Task The_feed_tells_of_changes_as_they_come()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        using var response = await host.Client.GetAsync("changes?kind=function&follow=true", HttpCompletionOption.ResponseHeadersRead, ControlHost.Cancellation);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(ControlHost.Cancellation));
        var created = JsonNode.Parse((await lines.ReadLineAsync(ControlHost.Cancellation))!)!;
        ((string?)created["change"]).ShouldBe("created");
        await host.SendAsync(Delete, "functions/hello", null, 204);
        var deleted = JsonNode.Parse((await lines.ReadLineAsync(ControlHost.Cancellation))!)!;
        ((string?)deleted["change"]).ShouldBe("deleted");
        ((string?)deleted["name"]).ShouldBe("hello");
        ((long)deleted["sequence"]!).ShouldBeGreaterThan((long)created["sequence"]!);
    }

    [Fact]
    public async Task A_node_that_stops_ends_the_feeds_of_its_followers()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        using var response = await host.Client.GetAsync("changes?kind=function&follow=true", HttpCompletionOption.ResponseHeadersRead, ControlHost.Cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(ControlHost.Cancellation));
        (await lines.ReadLineAsync(ControlHost.Cancellation)).ShouldNotBeNull();
        var stop = host.StopAsync();
        (await lines.ReadLineAsync(ControlHost.Cancellation)).ShouldBeNull();
        await stop;
    }

    [Fact]
    public async Task An_invoke_passes_the_call_and_the_answer_on_as_they_are()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        host.Invoker.Status = 404;
        using var content = new ByteArrayContent([0, 1, 2, 255]);
        using var request = new HttpRequestMessage(Post, "functions/hello/invoke?path=/a%2Fb&query=n%3D1&method=put") { Content = content };
        request.Headers.Add("X-Mine", "yes");
        using var response = await host.Client.SendAsync(request, ControlHost.Cancellation);
        ((int)response.StatusCode).ShouldBe(404);
        (await response.Content.ReadAsByteArrayAsync(ControlHost.Cancellation)).ShouldBe([0, 1, 2, 255]);
        response.Headers.GetValues("Virga-Start").ShouldBe(["warm"]);
        response.Headers.GetValues("Virga-Invocation-Id").ShouldBe([host.Invoker.Last!.Id.ToString()]);
        response.Headers.GetValues("x-seen-headers").Single().ShouldContain("""["x-mine","yes"]""");
        host.Invoker.Last.Method.ShouldBe("PUT");
        host.Invoker.Last.Path.ShouldBe("/a/b");
        host.Invoker.Last.Query.ShouldBe("n=1");
        await host.SendAsync(Post, "functions/missing/invoke", null, 404);
    }

    [Fact]
    public async Task A_large_body_of_an_invoke_is_streamed()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        var sent = new byte[300_000];
        sent[^1] = 7;
        using var content = new ByteArrayContent(sent);
        using var response = await host.Client.PostAsync("functions/hello/invoke", content, ControlHost.Cancellation);
        host.Invoker.Last!.BodyStream.ShouldNotBeNull();
        (await response.Content.ReadAsByteArrayAsync(ControlHost.Cancellation)).ShouldBe(sent);
    }

    [Fact]
    public async Task The_document_of_the_API_names_every_endpoint_and_its_forms()
    {
        await using var host = await ControlHost.StartAsync();
        var document = await host.GetAsync("openapi/v1.json");
        var paths = document["paths"]!.AsObject().Select(path => path.Key).ToList();
        paths.ShouldContain("/api/v1/functions/{name}/aliases/{alias}");
        paths.ShouldContain("/api/v1/tenants/{tenant}/namespaces/{namespace}/routes/{name}");
        document["paths"]!["/api/v1/functions/{name}"]!["put"]!["requestBody"].ShouldNotBeNull();
    }

    private static object Route(string path, params string[] methods) => new { spec = new { path, methods, function = "hello" } };
}
