using Virga.Composition.Tests.Dags.Simulation;

namespace Virga.Composition.Tests.Dags;

/// <summary>Runs over three simulated nodes, whose messages are delayed, reordered and repeated as a seed decides.</summary>
public sealed class ClusterRunTests
{
    private const int Seeds = 300;

    [Fact]
    public void Whatever_the_order_of_messages_a_run_gives_what_its_functions_give_and_calls_each_once()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var cluster = new SimulatedCluster(seed, nodes: 3, RandomDag.Answer);
            var dag = cluster.Dags.Add("d", RandomDag.Make(cluster.Events.Random));

            var run = cluster.Begin("d", "[1]");
            cluster.Events.Run();

            Check(run, RandomDag.Expected(dag.Graph, "[1]"), seed);
            cluster.Calls.Select(call => call.Function).ShouldBeUnique();
            cluster.Open.ShouldBe(0, $"seed {seed}: answers that nobody gave back");
        }
    }

    [Fact]
    public void A_run_survives_the_loss_of_any_other_node_at_any_moment()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var cluster = new SimulatedCluster(seed, nodes: 3, RandomDag.Answer);
            var dag = cluster.Dags.Add("d", RandomDag.Make(cluster.Events.Random));
            var moment = cluster.Events.Random.Next(60);

            var run = cluster.Begin("d", "7");
            while (moment-- > 0 && cluster.Events.Step())
            {
            }

            cluster.Kill(cluster.Nodes[cluster.Events.Random.Next(1, 3)]);
            cluster.Events.Run();

            Check(run, RandomDag.Expected(dag.Graph, "7"), seed);
        }
    }

    [Fact]
    public void A_run_goes_on_alone_when_both_other_nodes_are_lost()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var cluster = new SimulatedCluster(seed, nodes: 3, RandomDag.Answer);
            var dag = cluster.Dags.Add("d", RandomDag.Make(cluster.Events.Random));
            var run = cluster.Begin("d", "7");
            foreach (var node in cluster.Nodes.Skip(1))
            {
                for (var steps = cluster.Events.Random.Next(20); steps > 0 && cluster.Events.Step(); steps--)
                {
                }

                cluster.Kill(node);
            }

            cluster.Events.Run();

            Check(run, RandomDag.Expected(dag.Graph, "7"), seed);
        }
    }

    [Fact]
    public void A_run_that_may_not_start_again_says_what_was_lost()
    {
        var cluster = new SimulatedCluster(seed: 5, nodes: 3, RandomDag.Answer, repeats: 0);
        cluster.Dags.Add("d", """{"placement":"spread","retries":0,"nodes":[{"name":"a","function":"a"},{"name":"b","function":"b"},{"name":"c","function":"c"}],"edges":[{"from":"a","to":"b"},{"from":"b","to":"c"}]}""");

        var run = cluster.Begin("d", "1");
        cluster.Kill(cluster.Nodes[1]);
        cluster.Events.Run();

        run.HasEnded.ShouldBeTrue();
        run.Result.Problem!.Slug.ShouldBe("dag-run-lost");
        run.Result.Problem!.Detail!.ShouldContain("n1");
    }

    [Fact]
    public void A_client_that_leaves_ends_the_run_on_every_node()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var cluster = new SimulatedCluster(seed, nodes: 3, RandomDag.Answer);
            cluster.Dags.Add("d", RandomDag.Make(cluster.Events.Random));
            using var client = new CancellationTokenSource();
            var run = cluster.BeginFor(client, "d", "1");
            for (var steps = cluster.Events.Random.Next(15); steps > 0 && cluster.Events.Step(); steps--)
            {
            }

            client.Cancel();
            cluster.Events.Run();

            run.HasEnded.ShouldBeTrue($"seed {seed}");
            cluster.Open.ShouldBe(0, $"seed {seed}: answers that nobody gave back");
        }
    }

    [Fact]
    public void A_function_that_fails_on_another_node_fails_the_run_with_its_step_named()
    {
        var cluster = new SimulatedCluster(seed: 3, nodes: 3, (function, body) => function == "b" ? throw new InvalidOperationException() : RandomDag.Answer(function, body));
        cluster.Dags.Add("d", """{"placement":"spread","nodes":[{"name":"a","function":"a"},{"name":"b","function":"b"}],"edges":[{"from":"a","to":"b"}]}""");

        var run = cluster.Begin("d", "1");
        cluster.Events.Run();

        run.HasEnded.ShouldBeTrue();
        run.Result.Problem!.Slug.ShouldBe("dag-step-failed");
        run.Result.Problem!.Detail!.ShouldContain("'b'");
    }

    [Fact]
    public void Steps_are_spread_over_the_nodes_where_that_is_asked_for()
    {
        var cluster = new SimulatedCluster(seed: 1, nodes: 3, RandomDag.Answer);
        cluster.Dags.Add("d", """{"placement":"spread","nodes":[{"name":"a","function":"a"},{"name":"b","function":"b"},{"name":"c","function":"c"}],"edges":[{"from":"a","to":"b"},{"from":"b","to":"c"}]}""");

        var run = cluster.Begin("d", "1");
        cluster.Events.Run();

        Check(run, """{"f":"c","in":{"f":"b","in":{"f":"a","in":1}}}""", 1);
        cluster.Calls.Select(call => call.Node).ShouldBe(["n0", "n1", "n2"]);
    }

    private static void Check(SimulatedRun run, string expected, int seed)
    {
        run.HasEnded.ShouldBeTrue($"seed {seed}: the run did not end");
        run.Result.Problem.ShouldBeNull($"seed {seed}");
        run.Output.ShouldBe(expected, $"seed {seed}");
    }
}
