using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.State.Mutations;
using Virga.State.Sessions;
using Virga.State.Tests.Simulation;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Sessions;

public sealed class RepeatableReadTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void A_key_that_was_read_gives_the_same_version_on_every_node_whatever_is_written_meanwhile() => Cluster.Run(3, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("old"), null, None);
        var first = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        TextOf(await cluster[0].Engine.ReadAsync(first, Key("k"), None)).ShouldBe("old");
        var second = Move(cluster, first, 0, 1);
        await cluster[2].Cache.ApplyAsync(Key("k"), Put("new"), null, None);
        await cluster.UntilAsync(() => cluster[1].Cache.ReadAsync(Key("k"), None).AsTask() is { IsCompleted: true } read && TextOf(read.Result) == "new", "node 1 has the new version");

        TextOf(await cluster[1].Engine.ReadAsync(second, Key("k"), None)).ShouldBe("old");
        var third = Move(cluster, second, 1, 2);
        TextOf(await cluster[2].Engine.ReadAsync(third, Key("k"), None)).ShouldBe("old");
        TextOf(await cluster[0].Engine.ReadAsync(first, Key("k"), None)).ShouldBe("old");
    });

    [Fact]
    public void A_counter_that_was_read_stands_still_for_the_session() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("c"), new IncrementMutation(5), null, None);
        var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        CountOf(await cluster[0].Engine.ReadAsync(session, Key("c"), None)).ShouldBe(5);
        await cluster[0].Cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);

        var there = Move(cluster, session, 0, 1);
        CountOf(await cluster[1].Engine.ReadAsync(there, Key("c"), None)).ShouldBe(5);
    });

    [Fact]
    public void That_a_key_did_not_exist_is_repeated_too() => Cluster.Run(2, async cluster =>
    {
        var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        (await cluster[0].Engine.ReadAsync(session, Key("k"), None)).ShouldBeNull();
        await cluster[1].Cache.ApplyAsync(Key("k"), Put("v"), null, None);

        (await cluster[1].Engine.ReadAsync(Move(cluster, session, 0, 1), Key("k"), None)).ShouldBeNull();
    });

    [Fact]
    public void A_value_that_expires_during_the_session_stays_for_it() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v", TimeSpan.FromSeconds(5)), null, None);
        var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        await cluster[0].Engine.ReadAsync(session, Key("k"), None);
        await cluster.World.Pause(TimeSpan.FromSeconds(10));

        TextOf(await cluster[1].Engine.ReadAsync(Move(cluster, session, 0, 1), Key("k"), None)).ShouldBe("v");
        (await cluster[1].Engine.ReadAsync(null, Key("k"), None)).ShouldBeNull();
    });

    [Fact]
    public void What_the_session_has_written_is_seen_downstream() => Cluster.Run(2, async cluster =>
    {
        await cluster[1].Cache.ApplyAsync(Key("k"), Put("old"), null, None);
        var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        await cluster[0].Engine.ReadAsync(session, Key("k"), None);
        await cluster[0].Engine.ApplyAsync(session, Key("k"), Put("mine"), None);
        TextOf(await cluster[0].Engine.ReadAsync(session, Key("k"), None)).ShouldBe("mine");
        cluster.Store.IsReachable = false;

        TextOf(await cluster[1].Engine.ReadAsync(Move(cluster, session, 0, 1), Key("k"), None)).ShouldBe("mine");
    });

    [Fact]
    public void A_session_whose_upstream_cache_is_gone_is_lost() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("old"), null, None);
        var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        await cluster[0].Engine.ReadAsync(session, Key("k"), None);
        var there = Move(cluster, session, 0, 1);
        await cluster[1].Cache.ApplyAsync(Key("k"), Put("new"), null, None);
        cluster.Crash(0);

        await Cluster.ThrownAsync<SessionLostException>(async () => await cluster[1].Engine.ReadAsync(there, Key("k"), None));
        await cluster.StartAsync(0);
        await cluster.World.Pause(TimeSpan.FromSeconds(1));
        await Cluster.ThrownAsync<SessionLostException>(async () => await cluster[1].Engine.ReadAsync(there, Key("k"), None));
    });

    [Fact]
    public void Versions_are_kept_until_the_session_ends_and_not_longer() => Cluster.Run(3, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);
        var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        await cluster[0].Engine.ReadAsync(session, Key("k"), None);
        cluster[0].Engine.KeptSessions.ShouldBe(0);
        var there = Move(cluster, session, 0, 1);
        await cluster[1].Engine.ReadAsync(there, Key("k"), None);
        var last = Move(cluster, there, 1, 2);
        cluster.Alive.Select(static node => node.Engine.KeptSessions).ShouldBe([1, 1, 0]);

        cluster[2].Engine.End(last);
        await cluster.UntilAsync(() => cluster.Alive.All(static node => node.Engine.KeptSessions == 0), "nobody keeps anything");
    });

    [Fact]
    public void Versions_that_nobody_asked_for_in_a_long_time_go() => Cluster.Run(
        1,
        async cluster =>
        {
            await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);
            var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
            await cluster[0].Engine.ReadAsync(session, Key("k"), None);
            cluster[0].Engine.Export(session);
            cluster[0].Engine.KeptSessions.ShouldBe(1);

            await cluster.World.Pause(TimeSpan.FromMinutes(4));
            cluster[0].Engine.KeptSessions.ShouldBe(0);
        },
        new ClusterFaults { Sessions = new SessionOptions { SnapshotLife = TimeSpan.FromMinutes(2) } });

    [Fact]
    public void Where_branches_meet_a_write_comes_before_a_read_and_a_later_read_before_an_earlier_one() => Cluster.Run(3, async cluster =>
    {
        var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
        await cluster[0].Engine.ReadAsync(session, Key("other"), None);
        var left = Move(cluster, session, 0, 1);
        var right = Move(cluster, session, 0, 2);
        await cluster[1].Engine.ApplyAsync(left, Key("a"), Put("written"), None);
        await cluster[1].Engine.ReadAsync(left, Key("b"), None);
        await cluster[1].Cache.FlushAsync(None);
        await cluster[0].Cache.ApplyAsync(Key("b"), Put("later"), null, None);
        await cluster[0].Cache.FlushAsync(None);
        await cluster.World.Pause(TimeSpan.FromMilliseconds(50));
        await cluster[2].Cache.ApplyAsync(Key("a"), Put("other"), null, None);
        await cluster[2].Engine.ReadAsync(right, Key("a"), None);
        TextOf(await cluster[2].Engine.ReadAsync(right, Key("b"), None)).ShouldBe("later");

        var joined = cluster[0].Engine.Join([Move(cluster, left, 1, 0), Move(cluster, right, 2, 0)]);
        TextOf(await cluster[0].Engine.ReadAsync(joined, Key("a"), None)).ShouldBe("written");
        TextOf(await cluster[0].Engine.ReadAsync(joined, Key("b"), None)).ShouldBe("later");
    });

    [Fact]
    public void Reading_from_memory_is_not_asynchronous() => Cluster.Run(1, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);
        foreach (var consistency in Enum.GetValues<Consistency>())
        {
            var session = cluster[0].Engine.Begin(consistency);
            cluster[0].Engine.TryRead(session, Key("k"), out var record).ShouldBeTrue();
            TextOf(record).ShouldBe("v");
        }
    });

    private static StateSession Move(SimulatedCluster cluster, StateSession session, int from, int to) =>
        cluster[to].Engine.Import(Scope.Default, cluster[from].Engine.Export(session).Span);
}
