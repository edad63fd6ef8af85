using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.State.Index;
using Virga.State.Keys;
using Virga.State.Logs;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Caches;

/// <summary>
/// Moves what was written here to the store, in batches, each one transaction, and then tells the other caches. Only what the local log cannot lose any more leaves the
/// node; a version leaves together with what it depends on, so that the store never holds it alone. When the store does not answer, everything stays here.
/// </summary>
internal sealed partial class Flusher(
    CacheTable table,
    DirtyQueue dirty,
    CausalCut cut,
    IStateStore store,
    IDeltaLog log,
    IndexClient index,
    TimeProvider time,
    StateCacheOptions options,
    ILogger logger)
{
    private readonly Lock _lock = new();
    private List<TaskCompletionSource> _waiters = [];
    private long _failures;
    private long _stored;

    /// <summary>Flushes that the store did not take.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Keys that were stored.</summary>
    public long Stored => Volatile.Read(ref _stored);

    /// <summary>Completes when all that was written before the call is stored.</summary>
    /// <exception cref="ProblemException"><c>state-unavailable</c>.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (dirty.Bytes == 0)
        {
            return;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiters.Add(done);
        }

        dirty.Signal.Set();
        await done.Task.HereAsync(cancellation);
    }

    /// <summary>The loop; ends with the cancellation, or when the node's own log can take no more.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var rotated = time.GetTimestamp();
        var pause = options.FlushPause;

        // Where the segment begins before which all will be stored; kept until it is, so that a store that is gone for long does not make a new one with each attempt.
        long? segment = null;
        try
        {
            while (true)
            {
                await dirty.Signal.WaitAsync(stop);
                dirty.Signal.Reset();
                var waiters = TakeWaiters();
                try
                {
                    segment ??= time.GetElapsedTime(rotated) >= options.RotateEvery ? log.Rotate() : null;
                    await FlushQueueAsync(stop);
                    if (segment is { } before)
                    {
                        log.Truncate(before);
                        rotated = time.GetTimestamp();
                        segment = null;
                    }

                    waiters.ForEach(static waiter => waiter.TrySetResult());
                    pause = options.FlushPause;
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    Interlocked.Increment(ref _failures);
                    LogFailure(logger, e, dirty.Bytes);
                    waiters.ForEach(static waiter => waiter.TrySetException(new ProblemException(KnownProblems.StateUnavailable("The store does not answer."))));
                    pause = pause < options.RetryLeast ? options.RetryLeast : pause * 2 < options.RetryMost ? pause * 2 : options.RetryMost;
                    dirty.Signal.Set();
                }

                await Task.Delay(pause, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            foreach (var waiter in TakeWaiters())
            {
                waiter.TrySetCanceled(stop);
            }
        }
    }

    /// <summary>Stores all that waits now.</summary>
    private async ValueTask FlushQueueAsync(CancellationToken cancellation)
    {
        for (var left = dirty.Count; left > 0;)
        {
            var batch = new FlushBatch(table, dirty);
            while (left > 0 && batch.Count < options.FlushKeys && batch.Bytes < options.FlushBytes && dirty.Dequeue() is { } entry)
            {
                batch.Add(entry);
                left--;
            }

            if (batch.Count > 0)
            {
                await StoreAsync(batch, cancellation);
            }
        }
    }

    private async ValueTask StoreAsync(FlushBatch batch, CancellationToken cancellation)
    {
        var deltas = batch.ToDeltas();
        IReadOnlyList<StateRecord> merged;
        try
        {
            await log.DurableAsync(batch.LogPosition, cancellation);
            merged = await store.MergeAsync(deltas, cancellation);
        }
        catch
        {
            batch.GiveBack();
            throw;
        }

        var updates = new List<KeyUpdate>(deltas.Count);
        for (var i = 0; i < deltas.Count; i++)
        {
            updates.Add(new KeyUpdate(deltas[i].Key, deltas[i].Record, time.GetElapsedTime(batch.Entries[i].DirtySince)));
        }

        batch.Stored();
        Interlocked.Add(ref _stored, deltas.Count);
        index.Publish(updates);
        try
        {
            await LearnAsync(deltas, merged, cancellation);
        }
        finally
        {
            // What the log held at the start and nobody has read since: the store has it now.
            foreach (var entry in batch.Entries)
            {
                if (entry.Shown is null)
                {
                    table.RemoveUnloaded(entry);
                }
            }
        }
    }

    // What others had stored of these keys comes with the answer; where it cannot be shown now, their own updates bring it.
    private async ValueTask LearnAsync(IReadOnlyList<StateDelta> deltas, IReadOnlyList<StateRecord> merged, CancellationToken cancellation)
    {
        var learned = new List<StateDelta>(merged.Count);
        for (var i = 0; i < merged.Count; i++)
        {
            learned.Add(new StateDelta(deltas[i].Key, merged[i]));
        }

        try
        {
            await cut.InstallAsync(learned, InstallKind.Update, cancellation);
        }
        catch (StateStoreException)
        {
            index.AskForRepair();
        }
    }

    private List<TaskCompletionSource> TakeWaiters()
    {
        lock (_lock)
        {
            var waiters = _waiters;
            _waiters = [];
            return waiters;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shared state could not be stored; {Bytes} bytes are kept in the node's log, and storing them is tried again")]
    private static partial void LogFailure(ILogger logger, Exception exception, long bytes);
}
