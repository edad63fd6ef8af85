using System.Text.Json.Nodes;
using Virga.Core.Resources;

namespace Virga.Control.Tests;

public sealed class ScaleTests
{
    private static readonly HttpMethod Patch = HttpMethod.Patch;
    private static readonly (string, JsonNode)[] Dedicated = [("executor", "dedicated")];

    [Fact]
    public async Task A_function_is_scaled_without_a_new_version_and_its_instances_hear_of_it()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1", Dedicated);
        var live = await host.ResolveAsync("hello");
        host.Traffic.Clear();

        var function = await host.SendAsync(Patch, "functions/hello/scale", new { min = 2, max = 5, target = 0.5 }, 200);

        (await host.ResolveAsync("hello")).ShouldBeSameAs(live);
        live.ShouldNotBeNull().Scale.ShouldBe(new ScaleLimits(2, 5, 0.5));
        host.Traffic.Retired.ShouldBeEmpty();
        host.Traffic.Live.ShouldHaveSingleItem().ShouldBeSameAs(live);
        ((int?)function["version"]).ShouldBe(2);
        ((int?)function["status"]!["latestVersion"]).ShouldBe(1);
        ((int?)function["spec"]!["minInstances"]).ShouldBe(2);
        ((int?)function["status"]!["scale"]!["max"]).ShouldBe(5);
    }

    [Fact]
    public async Task What_is_not_named_stays_and_the_same_again_changes_nothing()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1", Dedicated);
        await host.SendAsync(Patch, "functions/hello/scale", new { max = 5 }, 200);

        var again = await host.SendAsync(Patch, "functions/hello/scale", new { max = 5, target = 0.7 }, 200);

        ((int?)again["version"]).ShouldBe(2);
        (await host.ResolveAsync("hello"))!.Scale.ShouldBe(new ScaleLimits(0, 5, 0.7));
    }

    [Theory]
    [InlineData("""{"min":1}""", 422, "the executor is pool")]
    [InlineData("""{"max":0}""", 422, "maxInstances is 0")]
    [InlineData("""{"max":1001}""", 422, "maxInstances is 1001")]
    [InlineData("""{"target":1.5}""", 422, "targetUtilisation is 1.5")]
    [InlineData("""{"max":3}""", 422, "provisioned[0].instances is 4")]
    [InlineData("""{}""", 400, "none of min, max and target")]
    [InlineData("""{"maximum":3}""", 400, "no member 'maximum'")]
    [InlineData("""{"max":5,"version":7}""", 409, "is at version 1, not 7")]
    public async Task A_scale_that_breaks_a_rule_is_refused_and_nothing_changes(string body, int status, string message)
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1", [("provisioned", new JsonArray(new JsonObject { ["instances"] = 4 }))]);

        var problem = await host.SendAsync(Patch, "functions/hello/scale", JsonNode.Parse(body), status);

        ((string?)problem["detail"]).ShouldNotBeNull().ShouldContain(message);
        ((int?)(await host.GetAsync("functions/hello"))["version"]).ShouldBe(1);
    }

    [Fact]
    public async Task The_limits_hold_for_every_version_also_for_one_that_is_loaded_later()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1", Dedicated);
        await host.DeployAsync("hello", "2");
        await host.DeployAsync("hello", "3", Dedicated);
        await host.SendAsync(HttpMethod.Put, "functions/hello/aliases/canary", new { version = 1 }, 200);

        await host.SendAsync(Patch, "functions/hello/scale", new { min = 1, max = 4 }, 200);

        (await host.ResolveAsync("hello", "canary"))!.Scale.ShouldBe(new ScaleLimits(1, 4, 0.7));
        (await host.ResolveAsync("hello", "2"))!.Scale.ShouldBe(new ScaleLimits(0, 4, 0.7), "pooled instances have no minimum");
        (await host.ResolveAsync("hello", "1")).ShouldBeSameAs(await host.ResolveAsync("hello", "canary"));
    }

    [Fact]
    public async Task A_scale_survives_a_restart_and_a_rollback()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1", Dedicated);
        await host.DeployAsync("hello", "2", Dedicated);
        await host.SendAsync(Patch, "functions/hello/scale", new { min = 1, max = 4 }, 200);

        await host.RestartAsync();
        (await host.ResolveAsync("hello"))!.Scale.ShouldBe(new ScaleLimits(1, 4, 0.7));
        host.Traffic.Live.ShouldHaveSingleItem();
        var back = await host.SendAsync(HttpMethod.Post, "functions/hello/rollback", new { }, 200);

        ((int?)back["spec"]!["maxInstances"]).ShouldBe(4);
        (await host.ResolveAsync("hello"))!.Scale.ShouldBe(new ScaleLimits(1, 4, 0.7));
    }

    [Fact]
    public async Task A_deployment_that_only_scales_makes_no_version_and_a_spec_put_again_takes_its_limits_back()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        await host.SendAsync(Patch, "functions/hello/scale", new { max = 4 }, 200);

        var function = await host.DeployAsync("hello", "1");

        ((int?)function["status"]!["latestVersion"]).ShouldBe(1);
        (await host.ResolveAsync("hello"))!.Scale.Max.ShouldBe(16);
    }

    [Fact]
    public async Task A_scale_leaves_a_version_that_was_called_by_number_in_memory()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello", "1");
        await host.DeployAsync("hello", "2");
        var old = await host.ResolveAsync("hello", "1");
        host.Traffic.Clear();

        await host.SendAsync(Patch, "functions/hello/scale", new { max = 4 }, 200);

        (await host.ResolveAsync("hello", "1")).ShouldBeSameAs(old);
        old!.Scale.Max.ShouldBe(4);
        host.Traffic.Retired.ShouldBeEmpty();
    }
}
