using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Tests.Simulation;

/// <summary>The store that all nodes share: linearizable, in memory, sometimes slow, sometimes gone.</summary>
internal sealed class SimulatedStore(SimulatedWorld world, double slowest = 3)
{
    private readonly Dictionary<StateKey, StateRecord> _records = [];

    public bool IsReachable { get; set; } = true;

    /// <summary>How often an operation fails, before or after it was carried out.</summary>
    public double FailureChance { get; set; }

    public IEnumerable<StateDelta> All => _records.Select(static pair => new StateDelta(pair.Key, pair.Value)).OrderBy(static delta => delta.Key);

    /// <summary>Told of every record that a merge has made.</summary>
    public Action<StateKey, StateRecord> Merged { get; set; } = static (_, _) => { };

    /// <summary>Told when a transaction has ended.</summary>
    public Action Committed { get; set; } = static () => { };

    /// <summary>Keys whose rows are damaged: who reads them gets an error that is no outage.</summary>
    public HashSet<StateKey> Damaged { get; } = [];

    /// <summary>A deletion is forgotten, when that is long past.</summary>
    public void Forget(StateKey key) => _records.Remove(key);

    public StateRecord? Find(StateKey key) => _records.GetValueOrDefault(key);

    public StateRecord Merge(StateDelta delta)
    {
        var merged = _records.TryGetValue(delta.Key, out var known) ? known.Merge(delta.Record) : delta.Record;
        _records[delta.Key] = merged;
        Merged(delta.Key, merged);
        return merged;
    }

    /// <summary>Deltas that a spoiled store says to have merged and has not.</summary>
    public Func<StateDelta, bool> Forgets { get; set; } = static _ => false;

    /// <summary>The way of one node to the store.</summary>
    public IStateStore For(SimulatedTime node) => new Connection(this, node);

    private async ValueTask<T> CarryOutAsync<T>(SimulatedTime node, Func<T> operation)
    {
        await world.Pause(world.Between(0.1, slowest));
        if (node.IsDead)
        {
            // The session with the database ends with the node; a statement that had arrived might still be carried out.
            if (world.Random.Chance(0.5))
            {
                operation();
                Committed();
            }

            await new TaskCompletionSource().Task;
        }

        var fails = !IsReachable || world.Random.Chance(FailureChance);
        if (fails && (!IsReachable || world.Random.Chance(0.5)))
        {
            throw new StateStoreException("The store is gone.");
        }

        var result = operation();
        Committed();
        await world.Pause(world.Between(0.1, slowest));
        if (node.IsDead)
        {
            await new TaskCompletionSource().Task;
        }

        return fails ? throw new StateStoreException("The store went before it answered.") : result;
    }

    private sealed class Connection(SimulatedStore store, SimulatedTime node) : IStateStore
    {
        public ValueTask OpenAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyList<StateRecord?>> FindAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation) =>
            store.CarryOutAsync<IReadOnlyList<StateRecord?>>(
                node,
                () => keys.Any(store.Damaged.Contains) ? throw new ProblemException(KnownProblems.StateCorrupted("A row is damaged.", "Mend it.")) : keys.Select(store.Find).ToList());

        public ValueTask<IReadOnlyList<StateRecord>> MergeAsync(IReadOnlyList<StateDelta> deltas, CancellationToken cancellation) =>
            store.CarryOutAsync<IReadOnlyList<StateRecord>>(node, () => deltas.Select(delta => store.Forgets(delta) ? delta.Record : store.Merge(delta)).ToList());

        public ValueTask<(bool Held, StateRecord? Record)> MutateIfAsync(StateKey key, StateCondition condition, StateMutation mutation, MutationContext context, CancellationToken cancellation) =>
            store.CarryOutAsync(node, () =>
            {
                var known = store.Find(key);
                return (known is not null && known.IsLive(context.UnixMilliseconds) ? known.Version : StateVersion.Absent) == condition.Version
                    ? (true, store.Merge(new StateDelta(key, mutation.Delta(known, context))))
                    : (false, known);
            });

        public ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation) =>
            store.CarryOutAsync(node, () =>
            {
                var found = store.All.Where(delta => delta.Key.Scope == scope && delta.Key.Text.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(delta.Key.Text, after) > 0).ToList();
                return new StateListing(found.Take(limit).ToList(), found.Count > limit);
            });

        public ValueTask<long> CursorAsync(CancellationToken cancellation) => ValueTask.FromResult(0L);

        public ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation) =>
            store.CarryOutAsync(node, () => new StateChanges([], cursor));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
