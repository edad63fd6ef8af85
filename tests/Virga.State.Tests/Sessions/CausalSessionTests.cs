using System.Text;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;
using Virga.State.Caches;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Sessions;
using Virga.State.Stores;
using Virga.State.Tests.Simulation;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Sessions;

public sealed class CausalSessionTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void What_the_session_has_written_is_read_on_the_next_node_before_it_is_stored() => Cluster.Run(2, async cluster =>
    {
        await cluster[1].Cache.ReadAsync(Key("k"), None);
        cluster.Store.IsReachable = true;
        var session = cluster[0].Engine.Begin(Consistency.Causal)!;
        await cluster[0].Engine.ReadAsync(session, Key("k"), None);
        cluster.Store.IsReachable = false;
        await cluster[0].Engine.ApplyAsync(session, Key("k"), Put("mine"), None);

        var there = Move(cluster, session, 0, 1);
        Newest(await cluster[1].Engine.ReadAsync(there, Key("k"), None)).ShouldBe("mine");
    });

    [Fact]
    public void What_came_from_an_upstream_cache_is_stored_even_when_that_one_dies() => Cluster.Run(2, async cluster =>
    {
        await cluster[1].Cache.ReadAsync(Key("k"), None);
        var session = cluster[0].Engine.Begin(Consistency.Causal)!;
        await cluster[0].Engine.ReadAsync(session, Key("k"), None);
        cluster.Store.IsReachable = false;
        await cluster[0].Engine.ApplyAsync(session, Key("k"), Put("mine"), None);
        await cluster[1].Engine.ReadAsync(Move(cluster, session, 0, 1), Key("k"), None);
        cluster.Crash(0);
        cluster.Store.IsReachable = true;

        await cluster.UntilAsync(() => Newest(cluster.Store.Find(Key("k"))) == "mine", "node 1 has stored it");
    });

    [Fact]
    public void A_comment_is_never_shown_without_the_post_that_it_is_about() => Cluster.Run(3, async cluster =>
    {
        for (var i = 0; i < 50; i++)
        {
            var (post, comment) = (Key($"post{i}"), Key($"comment{i}"));
            await cluster[2].Cache.ReadAsync(post, None);
            await cluster[2].Cache.ReadAsync(comment, None);
            var author = cluster[0].Engine.Begin(Consistency.Causal)!;
            await cluster[0].Engine.ApplyAsync(author, post, Put("post"), None);
            var commenter = Move(cluster, author, 0, 1);
            await cluster[1].Engine.ApplyAsync(commenter, comment, Put("comment"), None);
            for (var read = 0; read < 20; read++)
            {
                var reader = cluster[2].Engine.Begin(Consistency.MultiKey)!;
                var seen = Newest(await cluster[2].Engine.ReadAsync(reader, comment, None));
                if (seen is not null)
                {
                    Newest(await cluster[2].Engine.ReadAsync(reader, post, None)).ShouldBe("post");
                }

                await cluster.World.Pause(TimeSpan.FromMilliseconds(1));
            }
        }

        cluster[2].Cache.Figures.BrokenDependencies.ShouldBe(0);
    });

    [Fact]
    public void The_store_never_has_a_version_without_what_it_depends_on() => Cluster.Run(
        2,
        async cluster =>
        {
            cluster.Store.Committed = () => ShouldBeClosed(cluster.Store);
            var session = cluster[0].Engine.Begin(Consistency.MultiKey)!;
            for (var i = 0; i < 200; i++)
            {
                await cluster[0].Engine.ApplyAsync(session, Key($"k{i % 7}"), Put($"{i}"), None);
            }

            await cluster[0].Cache.FlushAsync(None);
        },
        new ClusterFaults { Cache = new StateCacheOptions { FlushKeys = 1 } });

    [Fact]
    public void Versions_written_without_knowledge_of_each_other_are_siblings_until_somebody_writes_who_saw_both() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ReadAsync(Key("k"), None);
        await cluster[1].Cache.ReadAsync(Key("k"), None);
        await Task.WhenAll(cluster.Alive.Select(async node => await node.Engine.ApplyAsync(node.Engine.Begin(Consistency.SingleKey), Key("k"), Put(node.Name.Value), None)));
        await cluster.UntilAsync(() => cluster.Alive.All(node => node.Cache.TryRead(Key("k"), out var k) && Siblings(k) == 2), "both nodes show both");

        await cluster[0].Engine.ApplyAsync(cluster[0].Engine.Begin(Consistency.SingleKey), Key("k"), Put("both"), None);
        await cluster.UntilAsync(() => cluster.Alive.All(node => node.Cache.TryRead(Key("k"), out var k) && Siblings(k) == 1 && Newest(k) == "both"), "the one replaces them");
    });

    [Fact]
    public void A_session_that_has_seen_what_nobody_has_any_more_is_lost() => Cluster.Run(
        2,
        async cluster =>
        {
            await cluster[1].Cache.ReadAsync(Key("k"), None);
            var session = cluster[0].Engine.Begin(Consistency.Causal)!;
            await cluster[0].Engine.ReadAsync(session, Key("k"), None);
            cluster.Store.IsReachable = false;
            await cluster[0].Engine.ApplyAsync(session, Key("k"), Put("mine"), None);
            var there = Move(cluster, session, 0, 1);
            cluster.Crash(0);
            cluster.Store.IsReachable = true;

            await Cluster.ThrownAsync<SessionLostException>(async () => await cluster[1].Engine.ReadAsync(there, Key("k"), None));
        });

    [Fact]
    public void Counters_in_causal_sessions_are_exact_and_never_go_back() => Cluster.Run(3, async cluster =>
    {
        var session = cluster[0].Engine.Begin(Consistency.Causal)!;
        for (var i = 1; i <= 30; i++)
        {
            CountOf(await cluster[(i - 1) % 3].Engine.ApplyAsync(session, Key("c"), new IncrementMutation(1), None)).ShouldBe(i);
            session = Move(cluster, session, (i - 1) % 3, i % 3);
        }
    });

    [Fact]
    public void Where_branches_meet_the_session_has_seen_what_both_have() => Cluster.Run(3, async cluster =>
    {
        await Task.WhenAll(cluster.Alive.Select(async node => await node.Cache.ReadAsync(Key("a"), None)));
        var session = cluster[0].Engine.Begin(Consistency.Causal)!;
        await cluster[0].Engine.ApplyAsync(session, Key("c"), new IncrementMutation(1), None);
        var (left, right) = (Move(cluster, session, 0, 1), Move(cluster, session, 0, 2));
        await cluster[1].Engine.ApplyAsync(left, Key("c"), new IncrementMutation(1), None);
        await cluster[2].Engine.ApplyAsync(right, Key("c"), new IncrementMutation(1), None);

        var joined = cluster[0].Engine.Join([Move(cluster, left, 1, 0), Move(cluster, right, 2, 0)]);
        CountOf(await cluster[0].Engine.ReadAsync(joined, Key("c"), None)).ShouldBe(3);
    });

    [Fact]
    public void A_conditional_write_depends_on_what_the_session_has_seen() => Cluster.Run(2, async cluster =>
    {
        cluster.Store.Committed = () => ShouldBeClosed(cluster.Store);
        var session = cluster[0].Engine.Begin(Consistency.Causal)!;
        await cluster[0].Engine.ApplyAsync(session, Key("a"), Put("1"), None);
        var (held, record) = await cluster[0].Engine.ApplyIfAsync(session, Key("b"), new StateCondition(StateVersion.Absent), Put("2"), None);

        held.ShouldBeTrue();
        record!.Causality!.Dependencies.Keys.ShouldBe(["a"]);
    });

    [Fact]
    public void A_deleted_key_satisfies_who_has_seen_its_value() => Cluster.Run(2, async cluster =>
    {
        var session = cluster[0].Engine.Begin(Consistency.Causal)!;
        await cluster[0].Engine.ApplyAsync(session, Key("k"), Put("v"), None);
        await cluster[0].Cache.FlushAsync(None);
        await cluster[1].Engine.ApplyAsync(null, Key("k"), new DeleteMutation(), None);
        await cluster[1].Cache.FlushAsync(None);

        (await cluster[1].Engine.ReadAsync(Move(cluster, session, 0, 1), Key("k"), None)).ShouldBeNull();
    });

    internal static void ShouldBeClosed(SimulatedStore store)
    {
        foreach (var (key, record) in store.All)
        {
            foreach (var (dependency, clock) in record.Causality?.Dependencies ?? Causality.NoDependencies)
            {
                CacheEntry.ClockOf(store.Find(new(key.Scope, dependency))).Includes(clock).ShouldBeTrue($"The store has '{key}' without its dependency '{dependency}'.");
            }
        }
    }

    private static StateSession Move(SimulatedCluster cluster, StateSession session, int from, int to) =>
        cluster[to].Engine.Import(Scope.Default, cluster[from].Engine.Export(session).Span);

    private static int Siblings(StateRecord? record) => record?.Value is CausalRegister register ? register.Versions.Count : 0;

    private static string? Newest(StateRecord? record) => record?.Value is CausalRegister register ? Encoding.UTF8.GetString(register.Newest.Content.Span) : TextOf(record);
}
