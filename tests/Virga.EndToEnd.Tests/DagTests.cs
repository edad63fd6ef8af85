using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>DAGs of real functions, by gateway, control API and command line.</summary>
public sealed class DagTests(DagNode node) : IClassFixture<DagNode>
{
    [Fact]
    public async Task A_chain_of_ten_functions_is_one_call()
    {
        var nodes = string.Join(',', Enumerable.Range(0, 10).Select(i => $$"""{"name":"n{{i}}","function":"increment"}"""));
        var edges = string.Join(',', Enumerable.Range(0, 9).Select(i => $$"""{"from":"n{{i}}","to":"n{{i + 1}}"}"""));
        await node.DagAsync("ten", $$"""{"nodes":[{{nodes}}],"edges":[{{edges}}]}""");

        var answer = await node.PostAsync("/d/ten", "1", "application/json");

        answer.Body.ShouldBe("11");
        answer.Header("Virga-Dag-Run").ShouldBe(answer.Invocation);
    }

    [Fact]
    public async Task Results_fan_out_and_meet_and_a_condition_skips_what_does_not_apply()
    {
        await node.DagAsync("fan", """{"nodes":[{"name":"a","function":"same"},{"name":"b","function":"double"},{"name":"c","function":"increment"},{"name":"d","function":"same"},{"name":"large","function":"same"}],"edges":[{"from":"a","to":"b"},{"from":"a","to":"c"},{"from":"b","to":"d"},{"from":"c","to":"d","as":"more"},{"from":"a","to":"large","when":{"path":"$","greater":100}}]}""");

        (await node.PostAsync("/d/fan", "5", "application/json")).Body.ShouldBe("""{"d":{"b":10,"more":6}}""");
        (await node.PostAsync("/d/fan", "500", "application/json")).Body.ShouldBe("""{"d":{"b":1000,"more":501},"large":500}""");
    }

    [Fact]
    public async Task A_step_that_fails_is_named_and_its_run_can_be_looked_at()
    {
        await node.DagAsync("fails", """{"nodes":[{"name":"good","function":"same"},{"name":"bad","function":"throws"}],"edges":[{"from":"good","to":"bad"}]}""");

        var answer = await node.PostAsync("/d/fails", "1", "application/json");

        answer.ShouldBeProblem(500, "dag-step-failed").ShouldContain("'bad'");
        var run = (await node.ControlAsync($"dags/fails/runs/{answer.Invocation}")).Json;
        run["status"]!.ToString().ShouldBe("failed");
        run["steps"]!.AsArray().Select(step => step!["status"]!.ToString()).ShouldBe(["succeeded", "failed"]);
    }

    [Fact]
    public async Task A_function_that_is_deleted_later_fails_the_run()
    {
        await node.DeployAsync("gone", Source.JavaScript("export default () => 1"));
        await node.DagAsync("lacks", """{"nodes":[{"name":"a","function":"gone"}]}""");
        (await node.ControlAsync(HttpMethod.Delete, "functions/gone")).Status.ShouldBe(204);

        (await node.PostAsync("/d/lacks", "1", "application/json")).ShouldBeProblem(404, "dag-step-failed").ShouldContain("no function 'gone'");
        (await node.ControlAsync("dags/lacks")).Json["status"]!["missingFunctions"]!.AsArray().Single()!.ToString().ShouldBe("gone");
    }

    [Theory]
    [InlineData("""{"nodes":[{"name":"a","function":"same"},{"name":"b","function":"same"}],"edges":[{"from":"a","to":"b"},{"from":"b","to":"a"}]}""", "circle")]
    [InlineData("""{"nodes":[{"name":"a","function":"nowhere"}]}""", "no function 'nowhere'")]
    [InlineData("""{"nodes":[{"name":"a","function":"same","when":{"path":"$.n","greater":5,"less":3}}]}""", "can never hold")]
    public async Task A_dag_that_cannot_be_run_is_refused(string spec, string reason) =>
        (await node.ControlAsync(HttpMethod.Put, "dags/refused", new JsonObject { ["spec"] = JsonNode.Parse(spec) })).ShouldBeProblem(422, "invalid-dag").ShouldContain(reason);

    [Fact]
    public async Task An_unknown_dag_is_not_found() => (await node.PostAsync("/d/unknown", "1")).ShouldBeProblem(404, "not-found");

    [Fact]
    public async Task A_route_can_call_a_dag_which_then_is_not_deleted_under_it()
    {
        await node.DagAsync("routed", """{"nodes":[{"name":"a","function":"double"}]}""");
        await node.RouteAsync("POST", "/doubled", "dag:routed");

        (await node.PostAsync("/doubled", "4", "application/json")).Body.ShouldBe("8");
        (await node.ControlAsync(HttpMethod.Delete, "dags/routed")).ShouldBeProblem(409, "conflict");
        (await node.ControlAsync(HttpMethod.Delete, "dags/routed?cascade=true")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task The_command_line_creates_runs_lists_and_draws_a_dag()
    {
        var file = node.Folder.Write("dag.yaml", "name: by-command\nnodes:\n  - { name: a, function: double }\n  - { name: b, function: increment }\nedges:\n  - a -> b\n");

        (await node.RunAsync("dag", "create", "-f", file)).ShouldSucceed();
        (await node.RunAsync("dag", "invoke", "by-command", "--data", "20")).ShouldSucceed().Output.ShouldBe("41");
        var run = JsonNode.Parse((await node.RunAsync("dag", "runs", "by-command", "--output", "json")).ShouldSucceed().Output)!["items"]![0]!;
        run["status"]!.ToString().ShouldBe("succeeded");
        (await node.RunAsync("dag", "graph", "by-command", "--run", run["id"]!.ToString())).ShouldSucceed().Output.ShouldContain("</svg>");
        (await node.RunAsync("dag", "list")).ShouldSucceed().Output.ShouldContain("by-command");
        (await node.RunAsync("dag", "delete", "by-command")).ShouldSucceed();
        (await node.RunAsync("dag", "get", "by-command")).ShouldFail(1, "not-found");
    }

    [Fact]
    public async Task A_declared_dag_is_found_as_declared_the_next_time()
    {
        var file = node.Folder.Write("project/virga.yaml", "dags:\n  - name: declared\n    timeout: 90s\n    nodes:\n      - { name: a, function: same, when: { path: $.n, in: [1, x, null, true] } }\n      - { name: b, function: same, references: { k: some/key } }\n    edges:\n      - { from: a, to: b, when: { path: $.n, equals: 1.5 } }\n");

        (await node.RunAsync("apply", "-f", file)).ShouldSucceed().Error.ShouldContain("1 change made");
        (await node.RunAsync("apply", "-f", file)).ShouldSucceed().Error.ShouldContain("Everything is as declared");
    }

    [Fact]
    public async Task A_run_is_watched_as_it_happens()
    {
        await node.DagAsync("watched", """{"nodes":[{"name":"only","function":"same"}]}""");
        using var watch = VirgaProgram.Start(node.Folder.Path, node.Admin, "dag", "get", "watched", "--watch", "--output", "json");
        watch.StandardInput.Close();
        await node.PostAsync("/d/watched", "1", "application/json");

        var line = await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);

        JsonNode.Parse(line!)!["step"]!["name"]!.ToString().ShouldBe("only");
        watch.Kill();
        await watch.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
