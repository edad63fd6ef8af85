using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Versions, aliases, and changes while calls are in flight.</summary>
public sealed class VersionTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task An_update_gets_the_traffic_at_once_while_a_call_in_flight_ends_on_the_old_version()
    {
        await node.DeployAsync("moving", HeldCall.Function("the old one"), HeldCall.Settings);
        using var old = await HeldCall.BeginAsync(node, "/f/moving");

        await node.DeployAsync("moving", Says("the new one"));

        (await node.GetAsync("/f/moving")).Body.ShouldBe("the new one");
        (await old.EndAsync()).ShouldBe("begun, the old one");
    }

    [Fact]
    public async Task A_function_is_deleted_while_its_calls_in_flight_end_well()
    {
        await node.DeployAsync("doomed", HeldCall.Function("to its end"), HeldCall.Settings);
        using var call = await HeldCall.BeginAsync(node, "/f/doomed");

        (await node.RunAsync("fn", "delete", "doomed")).ShouldSucceed();

        (await node.GetAsync("/f/doomed")).ShouldBeProblem(404, "not-found");
        (await call.EndAsync()).ShouldBe("begun, to its end");
    }

    [Fact]
    public async Task A_rollback_and_its_return_are_instant_and_every_version_keeps_a_url()
    {
        await DeployTwoAsync("twice");

        (await node.RunAsync("fn", "rollback", "twice")).ShouldSucceed();
        (await node.GetAsync("/f/twice")).Body.ShouldBe("one");
        (await node.GetAsync("/f/twice:2")).Body.ShouldBe("two");

        (await node.RunAsync("fn", "rollback", "twice", "--to", "2")).ShouldSucceed();
        (await node.GetAsync("/f/twice")).Body.ShouldBe("two");
        (await node.RunAsync("fn", "versions", "twice", "--output", "json")).ShouldSucceed().Output.ShouldContain("\"version\": 1");
    }

    [Fact]
    public async Task An_alias_splits_the_traffic_between_two_versions()
    {
        await DeployTwoAsync("split");

        (await node.RunAsync("fn", "alias", "set", "split", "canary", "1", "--alternate", "2", "--weight", "0.5")).ShouldSucceed();

        // Sixty fair draws all fall on one side once in 2^59 runs.
        var answers = new HashSet<string>(StringComparer.Ordinal);
        for (var call = 0; call < 60; call++)
        {
            answers.Add((await node.GetAsync("/f/split:canary")).Body);
        }

        answers.ShouldBe(["one", "two"], ignoreOrder: true);
        (await node.GetAsync("/f/split")).Body.ShouldBe("two");
        (await node.RunAsync("fn", "invoke", "split:1")).ShouldSucceed().Output.ShouldBe("one");
    }

    [Fact]
    public async Task An_unchanged_spec_makes_no_new_version()
    {
        await node.DeployAsync("same", Says("same"));

        (await node.DeployAsync("same", Says("same"))).Json["status"]!["latestVersion"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task A_stale_update_is_refused_and_changes_nothing()
    {
        var first = (await node.DeployAsync("guarded", Says("first"))).Json;
        var second = (await node.DeployAsync("guarded", Says("second"))).Json;

        var stale = await node.ControlAsync(HttpMethod.Put, "functions/guarded", new JsonObject { ["spec"] = first["spec"]!.DeepClone(), ["version"] = first["version"]!.DeepClone() });

        stale.ShouldBeProblem(409, "stale-version");
        (await node.GetAsync("/f/guarded")).Body.ShouldBe("second");
        var current = await node.ControlAsync(HttpMethod.Put, "functions/guarded", new JsonObject { ["spec"] = first["spec"]!.DeepClone(), ["version"] = second["version"]!.DeepClone() });
        current.Status.ShouldBe(200);
        (await node.GetAsync("/f/guarded")).Body.ShouldBe("first");
    }

    [Fact]
    public async Task The_change_feed_tells_of_creation_update_and_deletion()
    {
        await DeployTwoAsync("watched");
        (await node.RunAsync("fn", "delete", "watched")).ShouldSucceed();

        var feed = await node.ControlAsync("changes?since=0&kind=function");

        var changes = feed.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Where(change => change["name"]!.ToString() == "watched");
        changes.Select(change => change["change"]!.ToString()).ShouldBe(["created", "updated", "deleted"]);
    }

    private static Source Says(string text) => Source.JavaScript($$"""export default () => ({ body: '{{text}}' });""");

    private async Task DeployTwoAsync(string name)
    {
        await node.DeployAsync(name, Says("one"));
        await node.DeployAsync(name, Says("two"));
    }
}
