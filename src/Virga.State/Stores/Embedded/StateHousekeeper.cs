using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Stores.Embedded;

/// <summary>What the store does by itself: checkpoints, expiry, and keeping to its memory budget.</summary>
internal sealed class StateHousekeeper : IAsyncDisposable
{
    private const int RowsPerTransaction = 4096;
    private const long BytesPerTransaction = 8 << 20;
    private const int ColdKeysPerSweep = 1024;

    // How much longer than it should be the log may become when the database cannot be written.
    private const int LogPatience = 4;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private readonly EmbeddedStateOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EmbeddedStateStore _store;
    private readonly StateMemory _memory;
    private readonly WriteAheadLog _log;
    private readonly ColdStore _cold;
    private readonly Lock _working = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private Problem? _refusal;
    private long _logBegin;

    // The segment that a checkpoint began which has failed since; none when it is 0.
    private long _begun;
    private long _checkpointedAt;
    private long _succeededAt;
    private long _checkpoints;
    private long _failures;
    private long _sweptAt;
    private bool _isStarted;

    public StateHousekeeper(EmbeddedStateOptions options, TimeProvider time, ILogger logger, EmbeddedStateStore store, StateMemory memory, WriteAheadLog log, ColdStore cold)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _store = store;
        _memory = memory;
        _log = log;
        _cold = cold;
    }

    /// <summary>Bytes of the log that are not in the database.</summary>
    public long LogBytes => _log.Position - Volatile.Read(ref _logBegin);

    /// <summary>Checkpoints since the store was opened.</summary>
    public long Checkpoints => Volatile.Read(ref _checkpoints);

    /// <summary>How often that, or what else it does, failed.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>How long ago the last checkpoint was, while the database lacks something.</summary>
    public TimeSpan CheckpointAge => _memory.HasDirty ? _time.GetElapsedTime(Volatile.Read(ref _succeededAt)) : TimeSpan.Zero;

    private long UnixMilliseconds => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Start()
    {
        _logBegin = _log.Beginning;
        _checkpointedAt = _succeededAt = _sweptAt = _time.GetTimestamp();
        _isStarted = true;
        _running = RunAsync();
    }

    /// <exception cref="ProblemException">The database has not been written for long: no more goes into the log.</exception>
    public void Admit()
    {
        if (Volatile.Read(ref _refusal) is { } refusal)
        {
            throw new ProblemException(refusal);
        }
    }

    /// <summary>Moves what the log holds into the database.</summary>
    /// <exception cref="ProblemException"><c>storage-full</c>, <c>state-corrupted</c>: the log keeps what it has.</exception>
    public void Checkpoint()
    {
        lock (_working)
        {
            // First the new segment, then the entries: what is in the old segments is in memory by the time at which its shard is visited.
            // One that failed has begun a segment already: as long as the log is not much longer, the next attempt needs no other.
            if (_begun == 0 || _log.Position - _begun >= _options.MaxLogBytes)
            {
                _begun = _log.Rotate();
            }

            var position = _begun;
            foreach (var shard in _memory.Shards)
            {
                lock (shard.Gate)
                {
                    shard.BeginFlush();
                }
            }

            var flush = new CheckpointFlush(_memory, _cold, RowsPerTransaction, BytesPerTransaction);
            flush.Run();
            _log.Truncate(position);
            Volatile.Write(ref _logBegin, position);
            _begun = 0;
            Volatile.Write(ref _succeededAt, _time.GetTimestamp());
            Interlocked.Increment(ref _checkpoints);
            Volatile.Write(ref _refusal, null);
        }
    }

    /// <summary>Deletes what has expired, and forgets deletions that are long past.</summary>
    public void Sweep()
    {
        lock (_working)
        {
            var now = UnixMilliseconds;
            if (!_memory.IsComplete)
            {
                foreach (var key in _cold.Due(now, ColdKeysPerSweep))
                {
                    _store.Find(key);
                }
            }

            var expired = new List<StateKey>();
            var past = new List<StateEntry>();
            foreach (var shard in _memory.Shards)
            {
                lock (shard.Gate)
                {
                    CollectDue(shard, now, expired, past);
                }
            }

            foreach (var key in expired)
            {
                _store.Write(key, null, ExpireMutation.Instance, new MutationContext(HybridTimestamp.Zero, _store.Id, now), out _, out _);
            }

            Forget(past);
        }
    }

    /// <summary>Lets keys leave memory until the budget is kept.</summary>
    public void KeepBudget()
    {
        // Some room, so that not every write leads here.
        var target = _options.MemoryBudget * 9 / 10;
        lock (_working)
        {
            _memory.Evict(target);
            if (_memory.Bytes > _options.MemoryBudget)
            {
                Checkpoint();
                _memory.Evict(target);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        if (_isStarted)
        {
            Attempt(Checkpoint);
        }
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Tick, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Work();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The store closes.
            return;
        }
    }

    private void Work()
    {
        if (_time.GetElapsedTime(_sweptAt) >= SweepEvery)
        {
            _sweptAt = _time.GetTimestamp();
            Attempt(Sweep);
        }

        if (LogBytes >= _options.MaxLogBytes || (_memory.HasDirty && _time.GetElapsedTime(_checkpointedAt) >= _options.CheckpointPeriod))
        {
            _checkpointedAt = _time.GetTimestamp();
            Attempt(Checkpoint);
        }

        if (_memory.Bytes > _options.MemoryBudget)
        {
            Attempt(KeepBudget);
        }
    }

    private void Attempt(Action work)
    {
        try
        {
            work();
        }
        catch (ProblemException exception)
        {
            _logger.HousekeepingFailed(_options.Directory, exception.Message, exception.Problem.Fix);
            RefuseIfLong(exception.Problem);
        }
        catch (Exception exception)
        {
            // Whatever it is: without checkpoints the log would grow for ever, and nobody would know why.
            _logger.HousekeepingBroke(_options.Directory, exception);
            RefuseIfLong(KnownProblems.StateUnavailable($"The database of shared state in '{_options.Directory}' has not been written for long: {exception.Message}"));
        }
    }

    private void RefuseIfLong(Problem problem)
    {
        Interlocked.Increment(ref _failures);
        if (LogBytes > LogPatience * _options.MaxLogBytes)
        {
            Volatile.Write(ref _refusal, problem);
        }
    }

    private void CollectDue(MemoryShard shard, long now, List<StateKey> expired, List<StateEntry> past)
    {
        while (shard.Due.TryPeek(out var key, out var due) && due <= now)
        {
            shard.Due.Dequeue();
            if (!shard.Entries.TryGetValue(key, out var entry) || entry.DueAt != due)
            {
                continue;
            }

            entry.DueAt = 0;
            var real = _memory.DueOf(entry.Record);
            if (real == 0 || real > now)
            {
                _memory.Schedule(shard, entry);
            }
            else if (entry.Record.Value is not null)
            {
                // Looked at again if deleting it fails.
                StateMemory.ScheduleAt(shard, entry, now + (long)SweepEvery.TotalMilliseconds);
                expired.Add(key);
            }
            else if (entry.IsDirty)
            {
                // While the log holds its deletion, the database gets it first.
                StateMemory.ScheduleAt(shard, entry, now + (long)SweepEvery.TotalMilliseconds);
            }
            else
            {
                entry.IsStored = false;
                past.Add(entry);
            }
        }
    }

    private void Forget(List<StateEntry> past)
    {
        if (past.Count == 0)
        {
            return;
        }

        var removed = false;
        try
        {
            _cold.Remove([.. past.Select(entry => entry.Key)]);
            removed = true;
        }
        finally
        {
            foreach (var entry in past)
            {
                var shard = _memory.ShardOf(entry.Key);
                lock (shard.Gate)
                {
                    if (!removed)
                    {
                        entry.IsStored = true;
                        _memory.Schedule(shard, entry);
                    }
                    else if (!entry.IsDirty)
                    {
                        StateMemory.Remove(shard, entry);
                    }
                }
            }
        }
    }
}
