using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Caches;
using Virga.State.Index;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Stores;
using Virga.State.Tests.Simulation;
using Virga.State.Tests.Support;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Caches;

public sealed class StateCacheTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void What_is_written_on_one_node_is_read_on_another_that_held_the_key() => Cluster.Run(3, async cluster =>
    {
        (await cluster[1].Cache.ReadAsync(Key("k"), None)).ShouldBeNull();
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);

        await cluster.UntilAsync(() => ReadLocally(cluster[1], "k") == "v", "the update reached the holder");
    });

    [Fact]
    public void An_update_reaches_exactly_the_nodes_that_hold_the_key() => Cluster.Run(3, async cluster =>
    {
        await cluster[1].Cache.ReadAsync(Key("k"), None);
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);
        await cluster.UntilAsync(() => ReadLocally(cluster[1], "k") == "v", "the update reached the holder");

        cluster[2].Cache.TryRead(Key("k"), out _).ShouldBeFalse();
        cluster[2].Cache.Figures.Updates.ShouldBe(0);
    });

    [Fact]
    public void An_update_reaches_the_holders_within_100_ms() => Cluster.Run(
        3,
        async cluster =>
        {
            var slowest = TimeSpan.Zero;
            for (var i = 0; i < 200; i++)
            {
                var key = Key($"k{i % 20}");
                await cluster[1].Cache.ReadAsync(key, None);
                await cluster[2].Cache.ReadAsync(key, None);
                var began = cluster.World.Now;
                await cluster[0].Cache.ApplyAsync(key, Put($"{i}"), null, None);
                await cluster.UntilAsync(() => ReadLocally(cluster[1], key.Text) == $"{i}" && ReadLocally(cluster[2], key.Text) == $"{i}", "both have it");
                slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, cluster.World.Now - began));
            }

            slowest.ShouldBeLessThan(TimeSpan.FromMilliseconds(100));
        });

    [Fact]
    public void Increments_on_all_nodes_add_up() => Cluster.Run(3, async cluster =>
    {
        for (var i = 0; i < 30; i++)
        {
            await cluster[i % 3].Cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
        }

        await cluster.UntilAsync(() => cluster.Alive.All(node => node.Cache.TryRead(Key("c"), out var c) && CountOf(c) == 30), "all count 30");
        CountOf(cluster.Store.Find(Key("c"))).ShouldBe(30);
    });

    [Fact]
    public void Reads_and_writes_of_keys_in_memory_go_on_while_the_store_is_gone() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("1"), null, None);
        cluster.Store.IsReachable = false;
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("2"), null, None);
        ReadLocally(cluster[0], "k").ShouldBe("2");

        (await Cluster.ThrownAsync<ProblemException>(async () => await cluster[0].Cache.ReadAsync(Key("other"), None))).Problem.Slug.ShouldBe("state-unavailable");
        (await Cluster.ThrownAsync<ProblemException>(async () => await cluster[0].Cache.ApplyAsync(Key("other"), Put("1"), null, None))).Problem.Slug.ShouldBe("state-unavailable");

        await cluster.World.Pause(TimeSpan.FromMinutes(1));
        cluster.Store.IsReachable = true;
        await cluster.UntilAsync(() => TextOf(cluster.Store.Find(Key("k"))) == "2", "the store has what was written meanwhile");
        TextOf(await cluster[0].Cache.ReadAsync(Key("other"), None)).ShouldBeNull();
    });

    [Fact]
    public void Writes_are_refused_when_too_much_waits_for_the_store_and_nothing_acknowledged_is_lost() => Cluster.Run(
        1,
        async cluster =>
        {
            var cache = cluster[0].Cache;
            for (var i = 0; i < 100; i++)
            {
                await cache.ReadAsync(Key($"k{i}"), None);
            }

            cluster.Store.IsReachable = false;
            var acknowledged = 0;
            var refused = await Cluster.ThrownAsync<ProblemException>(async () =>
            {
                for (; acknowledged < 100; acknowledged++)
                {
                    await cache.ApplyAsync(Key($"k{acknowledged}"), Put(new string('x', 1000)), null, None);
                }
            });
            refused.Problem.Slug.ShouldBe("state-overloaded");
            acknowledged.ShouldBeInRange(5, 20);

            cluster.Store.IsReachable = true;
            await cluster.UntilAsync(() => cluster.Store.All.Count() == acknowledged, "the store has all that was acknowledged");
            await cache.FlushAsync(None);
            await cache.ApplyAsync(Key("k99"), Put("v"), null, None);
        },
        new ClusterFaults { Cache = new StateCacheOptions { DirtyBytes = 10_000 } });

    [Fact]
    public void What_was_acknowledged_survives_a_power_cut_before_it_was_stored() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
        cluster.Store.IsReachable = false;
        await cluster[0].Cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
        cluster.Crash(0);
        cluster.Store.IsReachable = true;
        await cluster.StartAsync(0);

        await cluster.UntilAsync(() => CountOf(cluster.Store.Find(Key("c"))) == 2, "both increments are stored");
        CountOf(await cluster[0].Cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None)).ShouldBe(3);
    });

    [Fact]
    public void The_log_is_dropped_as_far_as_it_is_stored() => Cluster.Run(
        1,
        async cluster =>
        {
            for (var i = 0; i < 20; i++)
            {
                await cluster[0].Cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
                await cluster.World.Pause(TimeSpan.FromSeconds(1));
            }

            var left = 0;
            await cluster[0].Log.OpenAsync(_ => left++, None);
            left.ShouldBeInRange(1, 8);
        });

    [Fact]
    public void Keys_that_were_not_read_for_long_leave_a_full_cache_and_those_that_wait_for_the_store_stay() => Cluster.Run(
        1,
        async cluster =>
        {
            var cache = cluster[0].Cache;
            for (var i = 0; i < 100; i++)
            {
                await cache.ApplyAsync(Key($"k{i:000}"), Put(new string('x', 1000)), null, None);
            }

            await cache.FlushAsync(None);
            cluster.Store.IsReachable = false;
            await cache.ApplyAsync(Key("k000"), Put("dirty"), null, None);
            await cluster.World.Pause(TimeSpan.FromSeconds(3));
            ReadLocally(cluster[0], "k050").ShouldNotBeNull();
            cluster.Store.IsReachable = true;
            await cache.ReadAsync(Key("new"), None);
            cluster.Store.IsReachable = false;
            for (var i = 1; i < 10; i++)
            {
                await cache.ApplyAsync(Key("new"), Put(new string('x', 20_000 * i)), null, None);
                await cluster.World.Pause(TimeSpan.FromSeconds(2));
            }

            ReadLocally(cluster[0], "k000").ShouldBe("dirty");
            cache.Figures.Evictions.ShouldBeGreaterThan(50);
            cluster.Store.IsReachable = true;
            TextOf(await cache.ReadAsync(Key("k001"), None)).ShouldBe(new string('x', 1000));
        },
        new ClusterFaults { Cache = new StateCacheOptions { MemoryBytes = 250_000 } });

    [Fact]
    public void An_update_that_is_lost_on_the_way_is_noticed_by_the_next_heartbeats() => Cluster.Run(3, async cluster =>
    {
        await cluster[1].Cache.ReadAsync(Key("k"), None);
        cluster.Network.Cut(cluster[1].Name, cluster[0].Name);
        cluster.Network.Cut(cluster[1].Name, cluster[2].Name);
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);
        await cluster.World.Pause(TimeSpan.FromSeconds(1));
        ReadLocally(cluster[1], "k").ShouldBeNull();

        cluster.Network.Heal();
        await cluster.UntilAsync(() => ReadLocally(cluster[1], "k") == "v", "the holder has caught up", 10);
    }, new ClusterFaults { Cache = new StateCacheOptions { ScrubKeys = 0 } });

    [Fact]
    public void What_nothing_else_has_healed_is_found_by_comparing_keys_with_the_store() => Cluster.Run(2, async cluster =>
    {
        await cluster[1].Cache.ReadAsync(Key("k"), None);
        cluster.Network.Lets = static (_, _, topic) => topic != NodeTopic.StateUpdate;
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);

        await cluster.UntilAsync(() => ReadLocally(cluster[1], "k") == "v", "the holder has caught up", 10);
    });

    [Fact]
    public void A_home_that_is_gone_is_replaced_without_an_update_missed() => Cluster.Run(
        3,
        async cluster =>
        {
            for (var i = 0; i < 60; i++)
            {
                await cluster[1].Cache.ReadAsync(Key($"k{i}"), None);
            }

            cluster.Crash(2);
            for (var i = 0; i < 60; i++)
            {
                await cluster[0].Cache.ApplyAsync(Key($"k{i}"), Put("v"), null, None);
            }

            await cluster.UntilAsync(() => Enumerable.Range(0, 60).All(i => ReadLocally(cluster[1], $"k{i}") == "v"), "all updates came", 15);
        },
        new ClusterFaults { SlowestView = 5000, Cache = new StateCacheOptions { ScrubKeys = 0 } });

    [Fact]
    public void A_deletion_that_was_missed_until_it_was_forgotten_does_not_leave_the_key_behind() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);
        await cluster[0].Cache.FlushAsync(None);
        TextOf(await cluster[1].Cache.ReadAsync(Key("k"), None)).ShouldBe("v");
        cluster.Network.Lets = static (_, _, topic) => topic != NodeTopic.StateUpdate;
        await cluster[0].Cache.ApplyAsync(Key("k"), new DeleteMutation(), null, None);
        await cluster[0].Cache.FlushAsync(None);
        cluster.Store.Forget(Key("k"));

        await cluster.UntilAsync(() => ReadLocally(cluster[1], "k") is null, "the node no longer shows it", 10);
        (await cluster[1].Cache.ReadAsync(Key("k"), None)).ShouldBeNull();
        await cluster[1].Cache.ApplyAsync(Key("k"), new IncrementMutation(1), null, None);
    });

    [Fact]
    public void Updates_go_on_after_one_whose_dependencies_could_not_be_read() => Cluster.Run(
        2,
        async cluster =>
        {
            // One whose home is the writer: what is stored of it goes to the reader by a message, which can be lost.
            var homes = new KeyHomes(cluster[0].Link.View);
            var d = Enumerable.Range(0, 100).Select(static i => Key($"d{i}")).First(key => homes.Of(key) == cluster[0].Name);
            foreach (var node in cluster.Alive)
            {
                await node.Cache.ReadAsync(d, None);
                await node.Cache.ReadAsync(Key("k"), None);
            }

            cluster.Store.Damaged.Add(d);
            cluster.Network.Lets = static (_, _, topic) => topic != NodeTopic.StateUpdate;
            var session = cluster[0].Engine.Begin(Consistency.MultiKey)!;
            await cluster[0].Engine.ApplyAsync(session, d, new IncrementMutation(1), None);
            await cluster[0].Cache.FlushAsync(None);
            await cluster.World.Pause(TimeSpan.FromSeconds(5));
            cluster.Network.Lets = static (_, _, _) => true;
            await cluster[0].Engine.ApplyAsync(session, Key("k"), new IncrementMutation(2), None);
            await cluster[0].Cache.FlushAsync(None);
            await cluster.World.Pause(TimeSpan.FromSeconds(5));
            cluster.Store.Damaged.Clear();

            await cluster.UntilAsync(() => CountLocally(cluster[1], "k") == 2 && CountLocally(cluster[1], d.Text) == 1, "the node has caught up", 10);
            (await cluster[1].Cache.ApplyIfAsync(Key("x"), new StateCondition(StateVersion.Absent), Put("3"), None)).Held.ShouldBeTrue();
            var before = cluster[1].Cache.Figures.Updates;
            await cluster[0].Cache.ApplyAsync(Key("k"), new IncrementMutation(4), null, None);
            await cluster.UntilAsync(() => cluster[1].Cache.Figures.Updates > before, "updates are taken again", 10);
        });

    [Fact]
    public void A_store_that_is_gone_for_long_does_not_make_the_log_begin_one_segment_after_another() => Cluster.Run(1, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("1"), null, None);
        await cluster[0].Cache.FlushAsync(None);
        var before = cluster[0].Log.Rotations;
        cluster.Store.IsReachable = false;
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("2"), null, None);
        await cluster.World.Pause(TimeSpan.FromMinutes(5));
        (cluster[0].Log.Rotations - before).ShouldBeLessThanOrEqualTo(1);

        cluster.Store.IsReachable = true;
        await cluster.UntilAsync(() => TextOf(cluster.Store.Find(Key("k"))) == "2", "it is stored");
    });

    [Fact]
    public void What_a_node_finds_in_its_log_leaves_its_memory_when_it_is_stored() => Cluster.Run(2, async cluster =>
    {
        for (var i = 0; i < 50; i++)
        {
            await cluster[0].Cache.ReadAsync(Key($"k{i}"), None);
        }

        cluster.Store.IsReachable = false;
        for (var i = 0; i < 50; i++)
        {
            await cluster[0].Cache.ApplyAsync(Key($"k{i}"), Put("v"), null, None);
        }

        cluster.Crash(0);
        cluster.Store.IsReachable = true;
        await cluster.StartAsync(0);

        await cluster.UntilAsync(() => cluster.Store.All.Count() == 50, "all are stored");
        await cluster.UntilAsync(() => cluster[0].Cache.Figures.Keys == 0, "nothing is left in memory that nobody has read", 10);
        TextOf(await cluster[0].Cache.ReadAsync(Key("k7"), None)).ShouldBe("v");
    });

    [Fact]
    public void A_condition_is_decided_at_the_store_among_all_nodes() => Cluster.Run(3, async cluster =>
    {
        var held = await Task.WhenAll(cluster.Alive.Select(async node =>
            (await node.Cache.ApplyIfAsync(Key("lock"), new StateCondition(StateVersion.Absent), Put(node.Name.Value), None)).Held));

        held.Count(static h => h).ShouldBe(1);
    });

    [Fact]
    public void A_condition_holds_of_what_the_same_node_has_just_written() => Cluster.Run(2, async cluster =>
    {
        var written = await cluster[0].Cache.ApplyAsync(Key("k"), Put("1"), null, None);
        var (held, record) = await cluster[0].Cache.ApplyIfAsync(Key("k"), new StateCondition(written.Version), Put("2"), None);

        held.ShouldBeTrue();
        TextOf(record).ShouldBe("2");
        ReadLocally(cluster[0], "k").ShouldBe("2");
    });

    [Fact]
    public void Increments_under_a_condition_and_without_one_do_not_take_each_others_counts() => Cluster.Run(1, async cluster =>
    {
        var cache = cluster[0].Cache;
        var record = await cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
        for (var i = 0; i < 10; i++)
        {
            var condition = cache.ApplyIfAsync(Key("c"), new StateCondition(record.Version), new IncrementMutation(1), None);
            var plain = await cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
            if (!(await condition).Held)
            {
                await cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
            }

            await cache.FlushAsync(None);
            record = (await cache.ReadAsync(Key("c"), None))!;
        }

        CountOf(record).ShouldBe(21);
    });

    [Fact]
    public void A_list_has_what_this_node_has_just_written() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("a1"), Put("v"), null, None);
        await cluster[0].Cache.ApplyAsync(Key("b1"), Put("v"), null, None);

        var listing = await cluster[0].Cache.ListAsync(Scope.Default, "a", null, 10, None);
        listing.Items.Select(static item => item.Key.Text).ShouldBe(["a1"]);
    });

    [Fact]
    public void With_interval_durability_nothing_leaves_the_node_that_a_power_cut_could_still_take() => Cluster.Run(
        2,
        async cluster =>
        {
            await cluster[0].Cache.ApplyAsync(Key("c"), new IncrementMutation(1), null, None);
            cluster.Store.Merged = (_, _) => cluster[0].Log.DurablePosition.ShouldBeGreaterThan(0);
            await cluster.UntilAsync(() => CountOf(cluster.Store.Find(Key("c"))) == 1, "it is stored");
        },
        new ClusterFaults { Durability = Durability.Interval });

    [Fact]
    public void Malformed_messages_of_other_nodes_are_refused_and_change_nothing() => Cluster.Run(2, async cluster =>
    {
        await cluster[0].Cache.ApplyAsync(Key("k"), Put("v"), null, None);
        var link = cluster[1].Link;
        var random = new SeededRandom(7);
        for (var i = 0; i < 2000; i++)
        {
            var body = new byte[random.Next(60)];
            for (var at = 0; at < body.Length; at++)
            {
                body[at] = (byte)random.Next(i % 2 == 0 ? 4 : 256);
            }

            foreach (var topic in new[] { NodeTopic.StateIndex, NodeTopic.StateUpdate, NodeTopic.StateSnapshot, NodeTopic.StateSessionEnd })
            {
                try
                {
                    await link.AskAsync(cluster[0].Name, topic, body, None);
                }
                catch (NodeUnreachableException)
                {
                    // The other side refused it.
                }
            }
        }

        ReadLocally(cluster[0], "k").ShouldBe("v");
    });

    private static long CountLocally(SimulatedNode node, string key) => node.Cache.TryRead(Key(key), out var record) ? CountOf(record) : -1;

    private static string? ReadLocally(SimulatedNode node, string key) => node.Cache.TryRead(Key(key), out var record) ? TextOf(record) : null;
}
