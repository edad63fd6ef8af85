using Virga.Core.Resources;

namespace Virga.Control.Tests;

public sealed class FunctionApiTests
{
    private static readonly HttpMethod Post = HttpMethod.Post;
    private static readonly HttpMethod Put = HttpMethod.Put;
    private static readonly HttpMethod Delete = HttpMethod.Delete;

    [Fact]
    public async Task A_deployed_function_is_found_by_the_next_call()
    {
        await using var host = await ControlHost.StartAsync();
        var function = await host.DeployAsync("hello");
        ((string?)function["kind"]).ShouldBe("function");
        ((int?)function["status"]!["liveVersion"]).ShouldBe(1);
        ((string?)function["spec"]!["timeout"]).ShouldBe("30s");
        ((string?)function["spec"]!["memory"]).ShouldBe("128MB");
        (await host.ResolveAsync("hello")).ShouldNotBeNull().Version.ShouldBe(1);
    }

    [Fact]
    public async Task An_update_moves_traffic_at_once_and_retires_the_old_version()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        var old = await host.ResolveAsync("hello");
        await host.DeployAsync("hello", "2");
        (await host.ResolveAsync("hello")).ShouldNotBeNull().Version.ShouldBe(2);
        host.Traffic.Retired.ShouldHaveSingleItem().ShouldBeSameAs(old);
    }

    [Fact]
    public async Task The_same_spec_again_changes_nothing()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        var live = await host.ResolveAsync("hello");
        var again = await host.DeployAsync("hello");
        ((int?)again["version"]).ShouldBe(1);
        (await host.ResolveAsync("hello")).ShouldBeSameAs(live);
    }

    [Fact]
    public async Task A_rollback_brings_the_previous_version_back_and_its_spec()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        await host.DeployAsync("hello", "2");
        var back = await host.SendAsync(Post, "functions/hello/rollback", new { }, 200);
        ((int?)back["status"]!["liveVersion"]).ShouldBe(1);
        ((int?)back["status"]!["latestVersion"]).ShouldBe(2);
        (await host.ResolveAsync("hello")).ShouldNotBeNull().Version.ShouldBe(1);
        ((string?)(await host.SendAsync(Post, "functions/hello/rollback", new { }, 409))["type"]).ShouldBe("urn:virga:problem:conflict");
        (await host.SendAsync(Post, "functions/hello/rollback", new { version = 7 }, 422)).ToString().ShouldContain("no version 7");
        ((int?)(await host.DeployAsync("hello", "2"))["status"]!["liveVersion"]).ShouldBe(3);
    }

    [Fact]
    public async Task An_alias_splits_calls_between_two_versions_by_weight()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        await host.DeployAsync("hello", "2");
        await host.SendAsync(Put, "functions/hello/aliases/canary", new { version = 1, alternate = new { version = 2, weight = 0.25 } }, 200);
        (await host.ResolveAsync("hello", "canary", 0.24)).ShouldNotBeNull().Version.ShouldBe(2);
        (await host.ResolveAsync("hello", "canary", 0.25)).ShouldNotBeNull().Version.ShouldBe(1);
        (await host.ResolveAsync("hello", "1")).ShouldBeSameAs(await host.ResolveAsync("hello", "canary", 0.9));
        var versions = (await host.GetAsync("functions/hello/versions"))["items"]!.AsArray();
        versions[1]!["aliases"]!.AsArray().Select(alias => (string?)alias).ShouldBe(["canary"]);
        await host.SendAsync(Put, "functions/hello/aliases/canary", new { version = 1, alternate = new { version = 2, weight = 1.0 } }, 422);
        await host.SendAsync(Put, "functions/hello/aliases/7", new { version = 1 }, 400);
        await host.SendAsync(Delete, "functions/hello/aliases/live", null, 409);
        await host.SendAsync(Delete, "functions/hello/aliases/canary", null, 200);
        (await host.ResolveAsync("hello", "canary")).ShouldBeNull();
    }

    [Fact]
    public async Task An_old_version_is_loaded_when_it_is_called_by_number_and_stays_one_object()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        await host.DeployAsync("hello", "2");
        var loaded = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => await host.ResolveAsync("hello", "1"))));
        loaded.Distinct().ShouldHaveSingleItem().ShouldNotBeNull().Version.ShouldBe(1);
        (await host.ResolveAsync("hello", "99")).ShouldBeNull();
    }

    [Fact]
    public async Task Only_the_newest_versions_and_those_with_an_alias_are_kept()
    {
        await using var host = await ControlHost.StartAsync(options => options with { VersionRetention = new(2) });
        await host.DeployAsync("hello", "1");
        await host.SendAsync(Put, "functions/hello/aliases/first", new { version = 1 }, 200);
        for (var version = 2; version <= 5; version++)
        {
            await host.DeployAsync("hello", $"{version}");
        }

        var versions = (await host.GetAsync("functions/hello/versions"))["items"]!.AsArray();
        versions.Select(version => (int)version!["version"]!).ShouldBe([5, 4, 1]);
    }

    [Fact]
    public async Task Everything_is_served_again_after_a_restart()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        await host.DeployAsync("hello", "2");
        await host.SendAsync(Put, "functions/hello/aliases/stable", new { version = 1 }, 200);
        await host.SendAsync(Post, "routes", new { spec = new { methods = (string[])["GET"], path = "/hello", function = "hello:stable" } }, 201);
        await host.SendAsync(Post, "environments", new { name = "ruby", spec = new { command = (string[])["/usr/bin/ruby"] } }, 201);
        await host.RestartAsync();
        (await host.ResolveAsync("hello")).ShouldNotBeNull().Version.ShouldBe(2);
        (await host.ResolveAsync("hello", "stable")).ShouldNotBeNull().Version.ShouldBe(1);
        host.Traffic.Routes["get-hello"].Qualifier.ShouldBe("stable");
        host.Service<IEnvironmentCatalog>().Find(Core.Names.ResourceName.Default, Core.Names.ResourceName.Default, "ruby").ShouldNotBeNull();
    }

    [Fact]
    public async Task A_stale_version_is_refused_and_the_current_one_is_taken()
    {
        await using var host = await ControlHost.StartAsync();
        var function = await host.DeployAsync("hello", "1");
        var spec = function["spec"]!;
        spec["concurrency"] = 2;
        await host.SendAsync(Put, "functions/hello", new { spec, version = 1 }, 200);
        spec["concurrency"] = 3;
        ((string?)(await host.SendAsync(Put, "functions/hello", new { spec, version = 1 }, 409))["type"]).ShouldBe("urn:virga:problem:stale-version");
        using var request = new HttpRequestMessage(Delete, "functions/hello");
        request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        using var response = await host.Client.SendAsync(request, ControlHost.Cancellation);
        ((int)response.StatusCode).ShouldBe(409);
        await host.SendAsync(Put, "functions/hello", new { spec, version = 2 }, 200);
    }

    [Fact]
    public async Task A_function_that_a_route_calls_is_deleted_only_together_with_it()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        await host.SendAsync(Post, "routes", new { spec = new { path = "/hello", function = "hello" } }, 201);
        (await host.SendAsync(Delete, "functions/hello", null, 409)).ToString().ShouldContain("any-hello");
        await host.SendAsync(Delete, "functions/hello?cascade=true", null, 204);
        host.Traffic.Routes.ShouldBeEmpty();
        host.Traffic.Retired.Count.ShouldBe(1);
        (await host.ResolveAsync("hello")).ShouldBeNull();
        await host.GetAsync("functions/hello", 404);
        await host.GetAsync("routes/any-hello", 404);
    }

    [Fact]
    public async Task A_list_is_read_page_by_page()
    {
        await using var host = await ControlHost.StartAsync();
        foreach (var name in (string[])["c", "a", "e", "b", "d"])
        {
            await host.DeployAsync(name);
        }

        var names = new List<string?>();
        string? token = null;
        do
        {
            var page = await host.GetAsync($"functions?limit=2{(token is null ? "" : $"&continue={token}")}");
            names.AddRange(page["items"]!.AsArray().Select(item => (string?)item!["name"]));
            token = (string?)page["continue"];
        }
        while (token is not null);
        names.ShouldBe(["a", "b", "c", "d", "e"]);
        await host.GetAsync("functions?limit=0", 400);
        await host.GetAsync("functions?limit=x", 400);
    }

    [Fact]
    public async Task Tenants_do_not_see_each_other()
    {
        await using var host = await ControlHost.StartAsync();
        var function = await host.DeployAsync("hello");
        const string Acme = "tenants/acme/namespaces/prod/functions";
        (await host.GetAsync(Acme))["items"]!.AsArray().ShouldBeEmpty();
        await host.SendAsync(Put, $"{Acme}/hello", new { spec = function["spec"] }, 201);
        ((string?)(await host.GetAsync($"{Acme}/hello"))["tenant"]).ShouldBe("acme");
        await host.SendAsync(Delete, "functions/hello", null, 204);
        await host.GetAsync($"{Acme}/hello");
    }

    [Theory]
    [InlineData("timeout", "0s")]
    [InlineData("timeout", "16m")]
    [InlineData("memory", "1MB")]
    [InlineData("cpu", 0.01)]
    [InlineData("concurrency", 0)]
    [InlineData("concurrency", 1001)]
    [InlineData("maxInstances", 0)]
    [InlineData("environment", "cobol")]
    [InlineData("package", "sha256:0000")]
    [InlineData("package", "../../etc")]
    [InlineData("handler", "a:b:c")]
    [InlineData("handler", "../x:y")]
    public async Task A_spec_that_cannot_be_is_refused(string member, object value)
    {
        await using var host = await ControlHost.StartAsync();
        var spec = (await host.DeployAsync("hello"))["spec"]!;
        spec[member] = System.Text.Json.Nodes.JsonValue.Create(value);
        ((string?)(await host.SendAsync(Put, "functions/hello", new { spec }, 422))["type"]).ShouldBe("urn:virga:problem:invalid-spec");
    }

    [Theory]
    [InlineData("%2e%2e%2fetc")]
    [InlineData("a%2Fb")]
    [InlineData("UPPER")]
    [InlineData("-a")]
    [InlineData("a_b")]
    [InlineData("gr%C3%BC%C3%9Fe")]
    [InlineData("%F0%9F%98%80")]
    [InlineData("a%00b")]
    [InlineData("a%0Ab")]
    [InlineData("%20")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task A_name_that_is_no_name_is_refused_by_every_verb(string name)
    {
        await using var host = await ControlHost.StartAsync();
        foreach (var kind in (string[])["functions", "routes", "environments"])
        {
            await host.GetAsync($"{kind}/{name}", 400);
            await host.SendAsync(Delete, $"{kind}/{name}", null, 400);
        }

        await host.SendAsync(Post, "functions", new { name = Uri.UnescapeDataString(name), spec = new { environment = "node", package = "x" } }, 400);
        await host.SendAsync(Post, "functions", new { name = "", spec = new { environment = "node", package = "x" } }, 400);
    }
}
