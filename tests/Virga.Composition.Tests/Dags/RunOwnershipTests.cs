using Virga.Composition.Dags.Accepted;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Tests.Dags;

public sealed class RunOwnershipTests
{
    private static readonly InvocationId[] Runs = [.. Enumerable.Range(0, 900).Select(_ => InvocationId.New(TimeProvider.System))];

    [Fact]
    public void Orphans_are_shared_evenly_among_those_who_are_alive()
    {
        var heirs = Runs.GroupBy(run => RunOwnership.HeirOf(run, View("a", "b", "c"))).ToDictionary(group => group.Key.Value, group => group.Count());

        heirs.Count.ShouldBe(3);
        heirs.Values.ShouldAllBe(count => count > 200 && count < 400);
    }

    [Fact]
    public void When_a_node_goes_only_its_runs_change_hands()
    {
        foreach (var run in Runs)
        {
            var before = RunOwnership.HeirOf(run, View("a", "b", "c"));
            if (before.Value != "c")
            {
                RunOwnership.HeirOf(run, View("a", "b")).ShouldBe(before);
            }
        }
    }

    [Fact]
    public void A_node_that_was_started_again_has_left_its_runs()
    {
        var run = new AcceptedRun(Runs[0], TestDags.Name("d"), 0, NodeName.Parse("a"), 1, 1, null, default);

        RunOwnership.IsOrphan(run, View("a", "b")).ShouldBeFalse();
        RunOwnership.IsOrphan(run with { Incarnation = 0 }, View("a", "b")).ShouldBeTrue();
        RunOwnership.IsOrphan(run, View("b")).ShouldBeTrue();
    }

    [Fact]
    public void An_accepted_run_is_read_as_it_was_written()
    {
        var run = new AcceptedRun(Runs[0], TestDags.Name("d"), 123, NodeName.Parse("a"), 7, 2, "text/plain", "input"u8.ToArray());

        var read = AcceptedRun.Read(Scope.Default, run.ToPayload());

        (read with { Input = run.Input }).ShouldBe(run);
        read.Input.ToArray().ShouldBe(run.Input.ToArray());
    }

    private static ClusterView View(params string[] names) => new(1, [.. names.Select(name => new ClusterMember(NodeName.Parse(name), 1, "", 0))]);
}
