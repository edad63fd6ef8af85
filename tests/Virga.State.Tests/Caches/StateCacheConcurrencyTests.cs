using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.State.Binary;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Stores;
using Virga.State.Stores.Embedded;
using Virga.State.Tests.Support;
using Virga.State.Time;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Caches;

/// <summary>What a simulation on one thread cannot show: caches with their real log, store and threads.</summary>
public sealed class StateCacheConcurrencyTests : IAsyncLifetime
{
    private const int Nodes = 3;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();
    private readonly List<StateEngine> _engines = [];
    private readonly List<StateCache> _caches = [];

    public async ValueTask InitializeAsync()
    {
        var clock = new HybridClock(TimeProvider.System);
        var store = new EmbeddedStateStore(new EmbeddedStateOptions { Directory = Path.Combine(_folder.Path, "store"), Durability = Durability.Interval }, clock, TimeProvider.System, NullLogger<EmbeddedStateStore>.Instance);
        await store.OpenAsync(None);
        var links = DirectLink.Between(Nodes);
        for (var i = 0; i < Nodes; i++)
        {
            var folder = Path.Combine(_folder.Path, $"n{i}");
            var own = new HybridClock(TimeProvider.System);
            var log = new WriteAheadLog(new WriteAheadLogOptions { Directory = folder, Durability = Durability.Sync }, own, NullLogger.Instance);
            var cache = new StateCache(new ReplicaId((ulong)i + 1), new SharedStore(store, isOwner: i == 0), log, links[i], own, TimeProvider.System, new StateCacheOptions { MemoryBytes = 40_000 });
            await cache.OpenAsync(None);
            _caches.Add(cache);
            _engines.Add(new StateEngine(cache, TimeProvider.System, links[i], own));
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = Nodes - 1; i >= 0; i--)
        {
            await _engines[i].DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task Many_threads_on_three_nodes_count_to_the_last_increment_and_read_causes_before_effects()
    {
        const int Rounds = 300;
        await Task.WhenAll(Enumerable.Range(0, 9).Select(worker => Task.Run(() => WorkAsync(worker, Rounds))));

        foreach (var cache in _caches)
        {
            await cache.FlushAsync(None);
            CountOf((await _caches[0].ListAsync(Scope.Default, "total", null, 10, None)).Items.Single().Record).ShouldBeLessThanOrEqualTo(9 * Rounds);
        }

        await UntilAsync(async () =>
        {
            foreach (var cache in _caches)
            {
                if (CountOf(await cache.ReadAsync(Key("total"), None)) != 9 * Rounds)
                {
                    return false;
                }
            }

            return true;
        });
        var expected = (await _caches[0].ListAsync(Scope.Default, "", null, 1000, None)).Items;
        await UntilAsync(async () =>
        {
            foreach (var item in expected)
            {
                foreach (var cache in _caches)
                {
                    if (!RecordEncoding.ToBytes((await cache.ReadAsync(item.Key, None))!).AsSpan().SequenceEqual(RecordEncoding.ToBytes(item.Record)))
                    {
                        return false;
                    }
                }
            }

            return true;
        });
        _caches.Sum(static cache => cache.Figures.BrokenDependencies).ShouldBe(0);
        _caches.Sum(static cache => cache.Figures.Evictions).ShouldBeGreaterThan(0);
    }

    // Each round writes a cause, then, on the next node, its effect; and looks on its own node for an effect without its cause.
    private async Task WorkAsync(int worker, int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            var (here, there) = (_engines[worker % Nodes], _engines[(worker + 1) % Nodes]);
            await here.ApplyAsync(null, Key("total"), new IncrementMutation(1), None);
            await here.ReadAsync(null, Key($"filler{i}"), None);

            var session = here.Begin(Consistency.Causal)!;
            await here.ApplyAsync(session, Key($"cause{worker}"), new IncrementMutation(1), None);
            session = there.Import(Scope.Default, here.Export(session).Span);
            await there.ApplyAsync(session, Key($"effect{worker}"), new IncrementMutation(1), None);

            var reader = here.Begin(Consistency.MultiKey)!;
            var other = (worker + i) % 9;
            var effects = CountOf(await here.ReadAsync(reader, Key($"effect{other}"), None));
            var causes = CountOf(await here.ReadAsync(reader, Key($"cause{other}"), None));
            causes.ShouldBeGreaterThanOrEqualTo(effects);
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Yield();
        }
    }

    /// <summary>One store for several caches, of which each believes to own it.</summary>
    private sealed class SharedStore(IStateStore store, bool isOwner) : IStateStore
    {
        public ValueTask OpenAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyList<StateRecord?>> FindAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation) => store.FindAsync(keys, cancellation);

        public ValueTask<IReadOnlyList<StateRecord>> MergeAsync(IReadOnlyList<StateDelta> deltas, CancellationToken cancellation) => store.MergeAsync(deltas, cancellation);

        public ValueTask<(bool Held, StateRecord? Record)> MutateIfAsync(StateKey key, StateCondition condition, StateMutation mutation, MutationContext context, CancellationToken cancellation) =>
            store.MutateIfAsync(key, condition, mutation, context, cancellation);

        public ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation) => store.ListAsync(scope, prefix, after, limit, cancellation);

        public ValueTask<long> CursorAsync(CancellationToken cancellation) => store.CursorAsync(cancellation);

        public ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation) =>
            store.ChangesAsync(scope, prefix, cursor, limit, patience, cancellation);

        public ValueTask DisposeAsync() => isOwner ? store.DisposeAsync() : ValueTask.CompletedTask;
    }
}
