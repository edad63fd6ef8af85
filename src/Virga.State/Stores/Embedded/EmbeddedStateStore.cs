using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Time;

namespace Virga.State.Stores.Embedded;

/// <summary>
/// Shared state of a machine alone: in memory, with a write-ahead log, and a database that takes over what the log holds from time to time. Its memory is the cache
/// that functions read. <c>docs/state.md</c> says what is on disk and how it recovers.
/// </summary>
public sealed class EmbeddedStateStore : IStateStore, IStateReplica
{
    private readonly HybridClock _clock;
    private readonly TimeProvider _time;
    private readonly StateMemory _memory;
    private readonly WriteAheadLog _log;
    private readonly ColdStore _cold;
    private readonly ChangeRing _changes;
    private readonly StateHousekeeper _housekeeper;
    private readonly EmbeddedMetrics _metrics;
    private readonly EmbeddedStateOptions _options;

    /// <summary>A store; nothing is touched until it is opened.</summary>
    public EmbeddedStateStore(EmbeddedStateOptions options, HybridClock clock, TimeProvider time, ILogger<EmbeddedStateStore> logger)
        : this(options, clock, time, logger, new LogDisk())
    {
    }

    internal EmbeddedStateStore(EmbeddedStateOptions options, HybridClock clock, TimeProvider time, ILogger logger, LogDisk disk)
    {
        _options = options;
        _clock = clock;
        _time = time;
        _memory = new StateMemory(options.TombstoneRetention);
        _cold = new ColdStore(options.Directory);
        _log = new WriteAheadLog(
            new WriteAheadLogOptions { Directory = options.Directory, Durability = options.Durability, Interval = options.Interval, MaxBufferedBytes = options.MaxBufferedBytes }, clock, logger, disk);

        // Higher than all that an earlier process gave, at a million changes in a millisecond.
        _changes = new ChangeRing(options.KeptChanges, time.GetUtcNow().ToUnixTimeMilliseconds() << 20);
        _housekeeper = new StateHousekeeper(options, time, logger, this, _memory, _log, _cold);
        _metrics = new EmbeddedMetrics(_memory, _housekeeper);
    }

    /// <inheritdoc/>
    public ReplicaId Id { get; private set; }

    /// <summary>Memory that values occupy, in bytes, roughly.</summary>
    public long MemoryBytes => _memory.Bytes;

    internal StateHousekeeper Housekeeper => _housekeeper;

    internal EmbeddedMetrics Metrics => _metrics;

    private long UnixMilliseconds => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        Id = ReplicaFile.Open(_options.Directory);
        var room = _options.MemoryBudget * 8 / 10;
        long taken = 0;
        _memory.AddColdOnly(_cold.Open((key, record) =>
        {
            Observe(record);
            taken += _memory.Load(_memory.ShardOf(key), key, record).Bytes;
            return taken < room;
        }));
        await _log.OpenAsync(Recover, cancellation);
        _housekeeper.Start();
    }

    /// <inheritdoc/>
    public bool TryRead(StateKey key, out StateRecord? record)
    {
        var known = _memory.TryFind(key, out var entry);
        record = entry?.Record;
        if (known)
        {
            _metrics.Hits.Add();
        }

        return known;
    }

    /// <inheritdoc/>
    public ValueTask<StateRecord?> ReadAsync(StateKey key, CancellationToken cancellation) =>
        cancellation.IsCancellationRequested ? ValueTask.FromCanceled<StateRecord?>(cancellation) : new ValueTask<StateRecord?>(TryRead(key, out var record) ? record : Find(key)?.Record);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StateRecord?>> FindAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation)
    {
        var records = new StateRecord?[keys.Count];
        for (var i = 0; i < records.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            records[i] = Find(keys[i])?.Record;
        }

        return new ValueTask<IReadOnlyList<StateRecord?>>(records);
    }

    /// <inheritdoc/>
    public ValueTask<StateRecord> ApplyAsync(StateKey key, StateMutation mutation, ImmutableSortedDictionary<string, VectorClock>? dependencies, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Write(key, null, mutation, new MutationContext(_clock.Now(), Id, UnixMilliseconds, dependencies), out var record, out var position);
        var acknowledged = _log.AcknowledgedAsync(position, CancellationToken.None);
        return acknowledged.IsCompletedSuccessfully ? new ValueTask<StateRecord>(record!) : AfterAsync(acknowledged, record!);
    }

    /// <inheritdoc/>
    public ValueTask<(bool Held, StateRecord? Record)> ApplyIfAsync(StateKey key, StateCondition condition, StateMutation mutation, CancellationToken cancellation) =>
        MutateIfAsync(key, condition, mutation, new MutationContext(_clock.Now(), Id, UnixMilliseconds), cancellation);

    /// <inheritdoc/>
    public async ValueTask<(bool Held, StateRecord? Record)> MutateIfAsync(StateKey key, StateCondition condition, StateMutation mutation, MutationContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var held = Write(key, condition, mutation, context, out var record, out var position);
        if (held)
        {
            await _log.AcknowledgedAsync(position, CancellationToken.None);
        }

        return (held, record);
    }

    /// <inheritdoc/>
    public async ValueTask<StateRecord> AdoptAsync(StateKey key, StateRecord record, CancellationToken cancellation) =>
        (await MergeAsync([new StateDelta(key, record)], cancellation))[0];

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StateRecord>> MergeAsync(IReadOnlyList<StateDelta> deltas, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        StateDelta[] all = [.. deltas];
        foreach (var delta in all)
        {
            Observe(delta.Record);
        }

        var (records, position) = new BatchMerge(_memory, all).Carry(this);
        await _log.AcknowledgedAsync(position, CancellationToken.None);
        return records;
    }

    /// <inheritdoc/>
    public ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new ValueTask<StateListing>(new EmbeddedListing(_memory, _cold, UnixMilliseconds).Read(scope, prefix, after, limit));
    }

    /// <inheritdoc/>
    public ValueTask<long> CursorAsync(CancellationToken cancellation) => new(_changes.End);

    /// <inheritdoc/>
    public async ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            var keys = _changes.Read(scope, prefix, ref cursor, limit);
            if (keys.Count > 0)
            {
                // A change is shown when its writer could be told of it.
                await _log.AcknowledgedAsync(_log.Position, cancellation);
                return new StateChanges([.. keys.Select(key => new StateDelta(key, Find(key)?.Record ?? new StateRecord(HybridTimestamp.Zero, null)))], cursor);
            }

            var left = patience - _time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                return new StateChanges([], cursor);
            }

            try
            {
                await _changes.ChangedAsync(cursor).WaitAsync(left, _time, cancellation);
            }
            catch (TimeoutException)
            {
                return new StateChanges([], cursor);
            }
        }
    }

    /// <summary>Brings everything to disk, the database included, and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        await _housekeeper.DisposeAsync();
        await _log.DisposeAsync();
        _cold.Dispose();
    }

    /// <summary>Carries out a mutation.</summary>
    /// <returns>Whether the condition held.</returns>
    internal bool Write(StateKey key, StateCondition? condition, StateMutation mutation, in MutationContext context, out StateRecord? record, out long position)
    {
        var shard = _memory.ShardOf(key);
        while (true)
        {
            var evictions = shard.Evictions;
            Find(key);
            lock (shard.Gate)
            {
                if (!shard.Entries.TryGetValue(key, out var entry) && shard.Evictions != evictions)
                {
                    // It was brought into memory, and has left again.
                    continue;
                }

                record = entry?.Record;
                position = 0;
                if (condition is { } wanted && VersionOf(record, context.UnixMilliseconds) != wanted.Version)
                {
                    return false;
                }

                var delta = mutation.Delta(record, context);
                var merged = record is null ? delta : record.Merge(delta);
                if (ReferenceEquals(merged, record))
                {
                    position = _log.Position;
                    return true;
                }

                _housekeeper.Admit();
                position = _log.Append(key, delta);
                _memory.Put(shard, entry, key, merged);
                _metrics.Writes.Add();
                _changes.Add(key);
                record = merged;
                return true;
            }
        }
    }

    /// <summary>Appends deltas and puts what they make of their keys into memory. Under the locks of all their shards, with all of them in memory.</summary>
    internal long Commit(ReadOnlySpan<StateDelta> deltas, StateRecord[] merged)
    {
        var changed = false;
        for (var i = 0; i < deltas.Length; i++)
        {
            _memory.ShardOf(deltas[i].Key).Entries.TryGetValue(deltas[i].Key, out var entry);
            merged[i] = entry is null ? deltas[i].Record : entry.Record.Merge(deltas[i].Record);
            changed |= !ReferenceEquals(merged[i], entry?.Record);
        }

        if (!changed)
        {
            return _log.Position;
        }

        _housekeeper.Admit();
        var position = _log.AppendAll(deltas);
        for (var i = 0; i < deltas.Length; i++)
        {
            Absorb(deltas[i], out merged[i]);
            _metrics.Writes.Add();
        }

        return position;
    }

    /// <summary>A key's entry, brought into memory where it is on disk only; null when it has no record.</summary>
    internal StateEntry? Find(StateKey key)
    {
        while (true)
        {
            if (_memory.TryFind(key, out var entry))
            {
                return entry;
            }

            var shard = _memory.ShardOf(key);
            var evictions = shard.Evictions;
            _metrics.Misses.Add();
            var record = _cold.Find(key);
            lock (shard.Gate)
            {
                if (shard.Entries.TryGetValue(key, out entry))
                {
                    return entry;
                }

                if (shard.Evictions != evictions)
                {
                    // It may have been written and have left memory since the disk was asked.
                    continue;
                }

                if (record is null)
                {
                    return null;
                }

                entry = _memory.Load(shard, key, record);
                _memory.AddColdOnly(-1);
                return entry;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<StateRecord> AfterAsync(ValueTask acknowledged, StateRecord record)
    {
        await acknowledged;
        return record;
    }

    private static StateVersion VersionOf(StateRecord? record, long unixMilliseconds) => record is not null && record.IsLive(unixMilliseconds) ? record.Version : StateVersion.Absent;

    private void Absorb(StateDelta delta, out StateRecord merged)
    {
        var shard = _memory.ShardOf(delta.Key);
        shard.Entries.TryGetValue(delta.Key, out var entry);
        merged = entry is null ? delta.Record : entry.Record.Merge(delta.Record);
        if (!ReferenceEquals(merged, entry?.Record))
        {
            _memory.Put(shard, entry, delta.Key, merged);
            _changes.Add(delta.Key);
        }
    }

    // While the store opens, nobody else is there.
    private void Recover(StateDelta delta)
    {
        Observe(delta.Record);
        Find(delta.Key);
        Absorb(delta, out _);
    }

    private void Observe(StateRecord record)
    {
        _clock.Observe(record.Generation);
        if (record.Value is LwwRegister register)
        {
            _clock.Observe(register.Timestamp);
        }
    }
}
