using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Runs for which nobody waits, on a node that is killed in the middle.</summary>
public sealed class AcceptedRunTests(DagNode node) : IClassFixture<DagNode>
{
    [Fact]
    public async Task A_run_that_was_accepted_is_run_to_its_end_after_its_node_was_killed()
    {
        await node.DeployAsync("slow", Source.JavaScript("export default async ({ body }) => { await new Promise(done => setTimeout(done, 1000)); return body; }"));
        await node.DagAsync("patient", """{"nodes":[{"name":"a","function":"slow"},{"name":"b","function":"increment"}],"edges":[{"from":"a","to":"b"}]}""");

        var accepted = await node.ControlAsync(HttpMethod.Post, "dags/patient/invoke?async=true", JsonValue.Create(41));
        accepted.Status.ShouldBe(202, accepted.Body);
        var run = $"dags/patient/runs/{accepted.Header("Virga-Dag-Run")}";
        await Eventually.ReadAsync(() => node.ControlAsync(run), answer => answer.Status == 200 && answer.Json["status"]!.ToString() == "running");
        await node.KillAsync();
        await node.StartAsync();

        var ended = await Eventually.ReadAsync(() => node.ControlAsync(run), answer => answer.Json["status"]!.ToString() is "succeeded" or "failed");

        ended.Json["status"]!.ToString().ShouldBe("succeeded", ended.Body);
        ended.Json["attempt"]!.GetValue<int>().ShouldBe(2);
        (await Eventually.ReadAsync(() => node.ControlAsync(run + "/output"), answer => answer.Status == 200)).Body.ShouldBe("42");
    }
}
