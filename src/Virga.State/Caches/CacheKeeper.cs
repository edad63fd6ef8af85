using Microsoft.Extensions.Logging;
using Virga.State.Index;
using Virga.State.Stores;

namespace Virga.State.Caches;

/// <summary>
/// What a cache does of itself, at each heartbeat: makes sure that the homes know what it holds, tells them anew what they may not know and compares that with the
/// store, compares a few other keys as well, and makes room.
/// </summary>
internal sealed partial class CacheKeeper(CacheTable table, CausalCut cut, IStateStore store, IndexClient index, Signal wake, TimeProvider time, StateCacheOptions options, ILogger logger)
{
    private const int MostKeys = 512;

    private readonly Queue<CacheEntry> _toCompare = new();

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await wake.WaitAsync(options.Heartbeat, time, stop);
                wake.Reset();
                table.Tick++;
                try
                {
                    MakeRoom();
                    await index.BeatAsync(stop);
                    if (index.TakeNeedsRepair())
                    {
                        await RepairAsync(stop);
                    }

                    await ScrubAsync(stop);
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    LogFailure(logger, e);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node ends.
        }
    }

    public void MakeRoom()
    {
        if (table.Evict() is { Count: > 0 } evicted)
        {
            index.Drop(evicted);
        }
    }

    // First the hold, then the store: an update between the two comes by the one or the other.
    private async ValueTask RepairAsync(CancellationToken cancellation)
    {
        var unknown = table.InOrder().FindAll(entry => entry.Shown is not null && !index.IsHeld(entry));
        for (var at = 0; at < unknown.Count; at += MostKeys)
        {
            var batch = unknown.GetRange(at, Math.Min(MostKeys, unknown.Count - at));
            await index.HoldAsync(batch, cancellation);
            try
            {
                await CompareAsync(batch, cancellation);
            }
            catch
            {
                foreach (var entry in unknown)
                {
                    entry.Hold = null;
                }

                index.AskForRepair();
                throw;
            }
        }
    }

    private async ValueTask ScrubAsync(CancellationToken cancellation)
    {
        if (_toCompare.Count == 0)
        {
            table.InOrder().ForEach(_toCompare.Enqueue);
        }

        var batch = new List<CacheEntry>(options.ScrubKeys);
        while (batch.Count < options.ScrubKeys && _toCompare.TryDequeue(out var entry))
        {
            if (!entry.IsEvicted && entry.Shown is not null)
            {
                batch.Add(entry);
            }
        }

        await CompareAsync(batch, cancellation);
    }

    private async ValueTask CompareAsync(List<CacheEntry> batch, CancellationToken cancellation)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var found = await store.FindAsync(batch.ConvertAll(static entry => entry.Key), cancellation);
        var records = new List<StateDelta>(batch.Count);
        var forgotten = new List<CacheEntry>();
        for (var i = 0; i < batch.Count; i++)
        {
            if (found[i] is { } record)
            {
                records.Add(new StateDelta(batch[i].Key, record));
            }
            else if (table.TryForget(batch[i]))
            {
                // It was stored, and is not there any more: its deletion was missed here, and has been forgotten there. To go on showing it would bring it back.
                forgotten.Add(batch[i]);
            }
        }

        index.Drop(forgotten);
        await cut.InstallAsync(records, InstallKind.Update, cancellation);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cache of shared state could not be compared with the store; it is repeated with the next heartbeat")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}
