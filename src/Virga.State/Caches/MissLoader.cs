using Virga.Core.Problems;
using Virga.State.Index;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Caches;

/// <summary>
/// Loads keys that are read for the first time: tells their homes that they are held, then asks the store, so that an update between the two is not missed. What
/// is asked for while the store answers goes together with the next question.
/// </summary>
internal sealed class MissLoader(CacheTable table, CausalCut cut, IStateStore store, IndexClient index, Action makeRoom, CancellationToken stop)
{
    // Enough to hide the store's latency behind each other; more would only make smaller batches.
    private const int MostAtOnce = 4;
    private const int MostKeys = 512;

    private readonly Lock _lock = new();
    private readonly Queue<CacheEntry> _waiting = new();
    private readonly List<Task> _work = [];
    private int _running;

    /// <summary>The questions that are open now.</summary>
    public Task Work
    {
        get
        {
            lock (_lock)
            {
                return Task.WhenAll(_work.ToArray());
            }
        }
    }

    /// <summary>Completes when an entry shows something.</summary>
    /// <exception cref="ProblemException"><c>state-unavailable</c>.</exception>
    public Task LoadAsync(CacheEntry entry)
    {
        TaskCompletionSource loading;
        lock (entry.Lock)
        {
            if (entry.Shown is not null || entry.IsEvicted)
            {
                return Task.CompletedTask;
            }

            if (entry.Loading is { } known)
            {
                return known.Task;
            }

            loading = entry.Loading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        lock (_lock)
        {
            _waiting.Enqueue(entry);
            if (_running < MostAtOnce)
            {
                _running++;
                _work.RemoveAll(static work => work.IsCompleted);
                _work.Add(RunAsync());
            }
        }

        return loading.Task;
    }

    private async Task RunAsync()
    {
        // What one caller asks for in a loop goes in one question.
        await Task.Yield();
        while (Take() is { } batch)
        {
            Exception? failure = null;
            try
            {
                await LoadAsync(batch);

                // Before those who asked go on, and here: whatever goes wrong, they hear of it, and the next batch is loaded.
                makeRoom();
            }
            catch (Exception e)
            {
                failure = e as ProblemException ?? new ProblemException(KnownProblems.StateUnavailable($"The store does not answer, and '{batch[0].Key}' is not in this node's memory."), e);
            }

            foreach (var entry in batch)
            {
                Complete(entry, failure);
            }
        }
    }

    private async ValueTask LoadAsync(List<CacheEntry> batch)
    {
        await index.HoldAsync(batch, stop);
        var found = await store.FindAsync(batch.ConvertAll(static entry => entry.Key), stop);
        var records = new List<StateDelta>(batch.Count);
        for (var i = 0; i < batch.Count; i++)
        {
            records.Add(new StateDelta(batch[i].Key, found[i] ?? CacheEntry.Nothing));
        }

        await cut.InstallAsync(records, InstallKind.Load, stop);

        // A home that forgot this node meanwhile was noticed before there was anything to repair.
        if (batch.Exists(entry => !index.IsHeld(entry)))
        {
            index.AskForRepair();
        }
    }

    private void Complete(CacheEntry entry, Exception? failure)
    {
        TaskCompletionSource loading;
        lock (entry.Lock)
        {
            loading = entry.Loading!;
            entry.Loading = null;
        }

        if (failure is null)
        {
            loading.SetResult();
        }
        else
        {
            table.RemoveUnloaded(entry);
            loading.SetException(failure);

            // Nobody may be waiting any more.
            _ = loading.Task.Exception;
        }
    }

    private List<CacheEntry>? Take()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                _running--;
                return null;
            }

            var batch = new List<CacheEntry>(Math.Min(MostKeys, _waiting.Count));
            while (batch.Count < MostKeys && _waiting.TryDequeue(out var entry))
            {
                batch.Add(entry);
            }

            return batch;
        }
    }
}
