using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Index;
using Virga.State.Keys;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Sessions;
using Virga.State.Stores;
using Virga.State.Time;

namespace Virga.State.Caches;

/// <summary>
/// A node's cache between functions and the store. Reads and writes happen here; what was written is logged, acknowledged, and then stored in batches; what others
/// have stored comes by way of the key index. <c>docs/consistency.md</c> says how all that works together.
/// </summary>
public sealed class StateCache : IStateReplica, ICausalReplica, IKeyHolders
{
    private readonly IStateStore _store;
    private readonly IDeltaLog _log;
    private readonly INodeLink _link;
    private readonly HybridClock _clock;
    private readonly TimeProvider _time;
    private readonly CacheTable _table;
    private readonly DirtyQueue _dirty;
    private readonly CausalCut _cut;
    private readonly IndexHome _home;
    private readonly IndexClient _index;
    private readonly KeyLocator _locator;
    private readonly MissLoader _loader;
    private readonly Flusher _flusher;
    private readonly CacheKeeper _keeper;
    private readonly UpdateInbox _inbox;
    private readonly CacheMetrics _metrics;
    private readonly Signal _wakeKeeper = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _loops = Task.CompletedTask;

    /// <summary>Makes a cache, which owns its store and log from then on.</summary>
    /// <param name="id">Who writes here.</param>
    /// <param name="store">The store that all nodes share; opened by <see cref="OpenAsync"/>.</param>
    /// <param name="log">This node's log; likewise.</param>
    /// <param name="link">The other nodes.</param>
    /// <param name="clock">This node's hybrid clock.</param>
    /// <param name="time">Time.</param>
    /// <param name="options">Limits and intervals.</param>
    /// <param name="logger">Where failures of what happens by itself are told.</param>
    public StateCache(ReplicaId id, IStateStore store, IDeltaLog log, INodeLink link, HybridClock clock, TimeProvider time, StateCacheOptions? options = null, ILogger<StateCache>? logger = null)
    {
        options ??= new StateCacheOptions();
        var told = (ILogger?)logger ?? NullLogger.Instance;
        Id = id;
        ConditionalId = new ReplicaId(id.Value ^ 0x9e3779b97f4a7c15);
        _store = store;
        _log = log;
        _link = link;
        _clock = clock;
        _time = time;
        _table = new CacheTable(options.MemoryBytes);
        _dirty = new DirtyQueue(_table, log, time, options.DirtyBytes);
        _cut = new CausalCut(_table, store, clock, _dirty);
        _inbox = new UpdateInbox(_cut, time, options, told, _stop.Token);
        _home = new IndexHome(link, clock, time, options, _inbox.Add);
        _index = new IndexClient(link, clock, time, options, _home, _table);
        _locator = new KeyLocator(link, clock, time, options, _home, _table, _stop.Token);
        _inbox.NotHeld = _index.Drop;
        _inbox.Missed = _index.Doubt;
        _keeper = new CacheKeeper(_table, _cut, store, _index, _wakeKeeper, time, options, told);
        _loader = new MissLoader(_table, _cut, store, _index, _keeper.MakeRoom, _stop.Token);
        _flusher = new Flusher(_table, _dirty, _cut, store, log, _index, time, options, told);
        _metrics = new CacheMetrics(_table, _dirty, _flusher, _cut, _home, _inbox);
        link.Handle(NodeTopic.StateIndex, (from, body, _) => ValueTask.FromResult(_home.Handle(from, body.Span)));
        link.Handle(NodeTopic.StateUpdate, (_, body, _) =>
        {
            TakeUpdates(body.Span);
            return ValueTask.FromResult(ReadOnlyMemory<byte>.Empty);
        });
    }

    /// <inheritdoc/>
    public ReplicaId Id { get; }

    /// <summary>
    /// Who conditional writes are by. They are counted at the store, in its own order; under the node's own name they would be given counts that its unstored writes have already.
    /// </summary>
    public ReplicaId ConditionalId { get; }

    /// <summary>What the cache did and holds, for tests and for the node's console.</summary>
    public CacheFigures Figures => _metrics.Figures;

    /// <summary>Opens store and log, takes back what the log holds, and begins to store it.</summary>
    /// <exception cref="ProblemException"><c>state-corrupted</c>, <c>storage-full</c>.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        await _store.OpenAsync(cancellation);
        await _log.OpenAsync(delta => _dirty.Recover(_table.Obtain(delta.Key), delta.Record), cancellation);
        _link.ViewChanged += Follow;
        _dirty.Signal.Set();
        _loops = Task.WhenAll(_flusher.RunAsync(_stop.Token), _keeper.RunAsync(_stop.Token));
    }

    /// <inheritdoc/>
    public bool TryRead(StateKey key, out StateRecord? record)
    {
        if (_table.Find(key) is { Shown: { } shown } entry)
        {
            entry.Touched = _table.Tick;
            _metrics.Hits.Add();
            record = ReferenceEquals(shown, CacheEntry.Nothing) ? null : shown;
            return true;
        }

        record = null;
        return false;
    }

    /// <inheritdoc/>
    bool ICausalReplica.TryReadCut(StateKey key, out StateRecord? record)
    {
        if (_table.Find(key) is { } entry && _cut.Read(entry) is { } shown)
        {
            entry.Touched = _table.Tick;
            _metrics.Hits.Add();
            record = ReferenceEquals(shown, CacheEntry.Nothing) ? null : shown;
            return true;
        }

        record = null;
        return false;
    }

    /// <inheritdoc/>
    async ValueTask<StateRecord?> ICausalReplica.ReadCutAsync(StateKey key, CancellationToken cancellation)
    {
        while (true)
        {
            var entry = _table.Obtain(key);
            await _loader.LoadAsync(entry).HereAsync(cancellation);
            if (_cut.Read(entry) is { } shown)
            {
                return ReferenceEquals(shown, CacheEntry.Nothing) ? null : shown;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<StateRecord?> ReadAsync(StateKey key, CancellationToken cancellation) =>
        TryRead(key, out var record) ? ValueTask.FromResult(record) : LoadAsync(key, cancellation);

    /// <inheritdoc/>
    public async ValueTask<StateRecord> ApplyAsync(StateKey key, StateMutation mutation, ImmutableSortedDictionary<string, VectorClock>? dependencies, CancellationToken cancellation)
    {
        StateRecord record;
        long position;
        while (!TryApply(_table.Obtain(key), mutation, dependencies, out record, out position))
        {
            _metrics.Misses.Add();
            var entry = _table.Obtain(key);
            Interlocked.Increment(ref entry.Writers);
            try
            {
                await _loader.LoadAsync(entry).HereAsync(cancellation);
                if (TryApply(entry, mutation, dependencies, out record, out position))
                {
                    break;
                }
            }
            finally
            {
                Interlocked.Decrement(ref entry.Writers);
            }
        }

        await _log.AcknowledgedAsync(position, cancellation);
        return record;
    }

    /// <inheritdoc/>
    public async ValueTask<(bool Held, StateRecord? Record)> ApplyIfAsync(StateKey key, StateCondition condition, StateMutation mutation, CancellationToken cancellation)
    {
        // The condition is to hold of what this node's functions have written as well, and what the mutation depends on must be in the store before it.
        await _flusher.FlushAsync(cancellation);
        (bool Held, StateRecord? Record) result;
        try
        {
            var context = new MutationContext(_clock.Now(), ConditionalId, _time.GetUtcNow().ToUnixTimeMilliseconds());
            result = await _store.MutateIfAsync(key, condition, mutation, context, cancellation);
        }
        catch (StateStoreException e)
        {
            throw new ProblemException(KnownProblems.StateUnavailable($"The store does not answer; whether '{key}' was written is not known."), e);
        }

        if (result.Record is { } record)
        {
            if (result.Held)
            {
                _index.Publish([new KeyUpdate(key, record, TimeSpan.Zero)]);
            }

            // It is written, and read here as soon as its dependencies are: the inbox waits for these where the caller need not.
            _inbox.Add([new KeyUpdate(key, record, TimeSpan.Zero)]);
            await _inbox.Work.HereAsync(cancellation);
        }

        return result;
    }

    /// <inheritdoc/>
    public async ValueTask<StateRecord> AdoptAsync(StateKey key, StateRecord record, CancellationToken cancellation)
    {
        await AdoptAsync([new StateDelta(key, record)], cancellation);
        return (await ReadAsync(key, cancellation))!;
    }

    /// <inheritdoc/>
    public async ValueTask AdoptAsync(IReadOnlyList<StateDelta> records, CancellationToken cancellation)
    {
        while (true)
        {
            var entries = records.Select(record => _table.Obtain(record.Key)).ToList();
            entries.ForEach(static entry => Interlocked.Increment(ref entry.Writers));
            try
            {
                await Task.WhenAll(entries.Select(entry => TaskWaiting.FollowAsync(_loader.LoadAsync(entry)))).WaitAsync(cancellation);
                if ((await Reaching(_cut.InstallAsync(records, InstallKind.Adopt, cancellation))).Count == 0)
                {
                    break;
                }
            }
            finally
            {
                entries.ForEach(static entry => Interlocked.Decrement(ref entry.Writers));
            }
        }

        foreach (var record in records)
        {
            await _log.AcknowledgedAsync(_table.Find(record.Key)?.LogPosition ?? 0, cancellation);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation)
    {
        await _flusher.FlushAsync(cancellation);
        return await Reaching(_store.ListAsync(scope, prefix, after, limit, cancellation));
    }

    /// <inheritdoc/>
    public ValueTask<long> CursorAsync(CancellationToken cancellation) => Reaching(_store.CursorAsync(cancellation));

    /// <inheritdoc/>
    public ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation) =>
        Reaching(_store.ChangesAsync(scope, prefix, cursor, limit, patience, cancellation));

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellation) => _flusher.FlushAsync(cancellation);

    /// <inheritdoc/>
    bool IKeyHolders.IsHeldHere(StateKey key) => _locator.IsHeldHere(key);

    /// <inheritdoc/>
    IReadOnlyList<NodeName> IKeyHolders.HoldersOf(StateKey key) => _locator.HoldersOf(key);

    /// <inheritdoc/>
    ValueTask IKeyHolders.LearnAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation) => _locator.LearnAsync(keys, cancellation);

    /// <inheritdoc/>
    bool ICausalReplica.IsStored(StateKey key) => _table.Find(key) is not { IsStored: false };

    /// <inheritdoc/>
    bool ICausalReplica.IsInMemory(StateKey key) => _table.Find(key) is not null;

    /// <inheritdoc/>
    async ValueTask ICausalReplica.RefreshAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation)
    {
        var found = await Reaching(_store.FindAsync(keys, cancellation));
        var records = new List<StateDelta>(keys.Count);
        for (var i = 0; i < keys.Count; i++)
        {
            if (found[i] is { } record)
            {
                records.Add(new StateDelta(keys[i], record));
            }
        }

        await Reaching(_cut.InstallAsync(records, InstallKind.Update, cancellation));
    }

    /// <inheritdoc/>
    async ValueTask<IReadOnlyList<StateDelta>> ICausalReplica.ClosureAsync(StateKey key, CancellationToken cancellation)
    {
        var closure = new CausalClosure(_table, _cut, key);
        await _log.DurableAsync(closure.LogPosition, cancellation);
        return closure.Records;
    }

    /// <inheritdoc/>
    async ValueTask ICausalReplica.DurableAsync(StateKey key, CancellationToken cancellation)
    {
        if (_table.Find(key) is { } entry)
        {
            await _log.DurableAsync(entry.LogPosition, cancellation);
        }
    }

    /// <summary>Stores what can be stored within a moment, and closes log and store; what was not stored is in the log.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        _link.ViewChanged -= Follow;
        if (_dirty.Count > 0 && !_loops.IsCompleted)
        {
            using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
            try
            {
                await _flusher.FlushAsync(moment.Token);
            }
            catch (Exception e) when (e is ProblemException or OperationCanceledException)
            {
                // The log has it, for the next start.
            }
        }

        _stop.Cancel();
        await Task.WhenAll(_loops, _loader.Work, _inbox.Work, _index.Work, _home.Work, _locator.Work);
        _metrics.Dispose();
        await _log.DisposeAsync();
        await _store.DisposeAsync();
        _stop.Dispose();
    }

    private async ValueTask<StateRecord?> LoadAsync(StateKey key, CancellationToken cancellation)
    {
        _metrics.Misses.Add();
        while (true)
        {
            var entry = _table.Obtain(key);
            await _loader.LoadAsync(entry).HereAsync(cancellation);
            if (entry.Shown is { } shown)
            {
                return ReferenceEquals(shown, CacheEntry.Nothing) ? null : shown;
            }
        }
    }

    private bool TryApply(CacheEntry entry, StateMutation mutation, ImmutableSortedDictionary<string, VectorClock>? dependencies, out StateRecord record, out long position)
    {
        lock (entry.Lock)
        {
            if (entry.IsEvicted || entry.Shown is not { } current)
            {
                record = CacheEntry.Nothing;
                position = 0;
                return false;
            }

            var context = new MutationContext(_clock.Now(), Id, _time.GetUtcNow().ToUnixTimeMilliseconds(), DependentMutation.WithReplaced(dependencies, current));
            _dirty.Write(entry, mutation.Delta(ReferenceEquals(current, CacheEntry.Nothing) ? null : current, context), limited: true);
            entry.Touched = _table.Tick;

            // Where nothing changed, what is there already must be as durable as the node promises.
            position = entry.LogPosition;
            record = entry.Shown!;
            return true;
        }
    }

    private void TakeUpdates(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        _clock.Observe(IndexMessages.ReadHead(ref reader).Clock);
        _inbox.Add(IndexMessages.ReadUpdates(ref reader));
    }

    private void Follow(ClusterView view)
    {
        _home.Follow(view);
        _index.Follow(view);
        _locator.Follow(view);
        _wakeKeeper.Set();
    }

    private static async ValueTask<T> Reaching<T>(ValueTask<T> asked)
    {
        try
        {
            return await asked;
        }
        catch (StateStoreException e)
        {
            throw new ProblemException(KnownProblems.StateUnavailable("The store does not answer."), e);
        }
    }
}
