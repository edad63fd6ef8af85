using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>A machine that lacks a tier or an isolation runs everything else, and says what it lacks.</summary>
public sealed class MissingTierTests(BareNode node) : IClassFixture<BareNode>, IAsyncLifetime
{
    public ValueTask InitializeAsync()
    {
        Assert.SkipWhen(node.Missing is not null, node.Missing ?? "");
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_says_what_it_lacks_and_how_to_mend_it()
    {
        var ready = JsonNode.Parse(await node.Http.GetStringAsync(new Uri(node.Admin, "/readyz"), TestContext.Current.CancellationToken))!;

        ready["ready"]!.GetValue<bool>().ShouldBeTrue();
        ready["bubblewrapMissing"].ShouldBeNull();
        ready["freezingMissing"]!.ToString().ShouldContain("freezer");
        ready["swapMissing"]!.ToString().ShouldContain("./dev swap on");
        ready["gvisorMissing"]!.ToString().ShouldContain("install");
        ready["internetMissing"]!.ToString().ShouldContain("install slirp4netns");
    }

    [Fact]
    public async Task Without_the_freezer_an_idle_instance_ends_and_the_next_call_is_served()
    {
        await node.DeployAsync("unfrozen", Source.Python("def handler(event, ctx):\n    return 'here'\n"), new { keepWarm = new { idle = "0s", frozen = "1h" } });
        (await node.GetAsync("/f/unfrozen")).Body.ShouldBe("\"here\"");

        await Eventually.ReadAsync(() => node.InstancesAsync("unfrozen"), instances => instances.Count == 0);

        (await node.GetAsync("/f/unfrozen")).Body.ShouldBe("\"here\"");
    }

    [Fact]
    public async Task A_function_for_gVisor_is_answered_with_what_is_missing()
    {
        await node.DeployAsync("in-gvisor", Source.Python("def handler(event, ctx):\n    return 1\n"), new { isolation = "gvisor" });

        (await node.GetAsync("/f/in-gvisor")).ShouldBeProblem(503, "unavailable").ShouldContain("runsc");
        (await node.RunAsync("fn", "describe", "in-gvisor")).Output.ShouldContain("runsc");
    }

    [Fact]
    public async Task A_function_with_egress_is_answered_with_what_is_missing()
    {
        await node.DeployAsync("outward", Source.Python("def handler(event, ctx):\n    return 1\n"), new { egress = "internet" });

        (await node.GetAsync("/f/outward")).ShouldBeProblem(503, "unavailable").ShouldContain("slirp4netns");
    }
}
