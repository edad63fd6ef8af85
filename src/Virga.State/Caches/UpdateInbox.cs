using Microsoft.Extensions.Logging;
using Virga.State.Index;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Caches;

/// <summary>
/// Updates that came from homes. Those that need dependencies from the store wait for it here, and what comes for their keys meanwhile waits with them; they are taken off the sender's hands all the same.
/// </summary>
internal sealed partial class UpdateInbox(CausalCut cut, TimeProvider time, StateCacheOptions options, ILogger logger, CancellationToken stop)
{
    private readonly Lock _lock = new();
    private readonly Queue<StateKey> _order = new();
    private readonly Dictionary<StateKey, KeyUpdate> _waiting = [];
    private bool _isRunning;
    private long _taken;

    /// <summary>Told of keys that an update came for although they are not in the cache.</summary>
    public Action<IReadOnlyList<StateKey>> NotHeld { get; set; } = static _ => { };

    /// <summary>Told of keys whose updates could not be taken: what the cache shows of them has to be compared with the store.</summary>
    public Action<IReadOnlyList<StateKey>> Missed { get; set; } = static _ => { };

    /// <summary>Told how long each update was on its way.</summary>
    public Action<TimeSpan> Arrived { get; set; } = static _ => { };

    public Task Work { get; private set; } = Task.CompletedTask;

    public long Taken => Volatile.Read(ref _taken);

    public void Add(IReadOnlyList<KeyUpdate> updates)
    {
        lock (_lock)
        {
            foreach (var update in updates)
            {
                if (_waiting.TryGetValue(update.Key, out var known))
                {
                    _waiting[update.Key] = known with { Record = known.Record.Merge(update.Record) };
                }
                else
                {
                    _waiting[update.Key] = update;
                    _order.Enqueue(update.Key);
                }
            }

            if (!_isRunning)
            {
                _isRunning = true;
                Work = RunAsync();
            }
        }
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            while (Take() is { } batch)
            {
                var records = batch.ConvertAll(static update => new StateDelta(update.Key, update.Record));
                while (true)
                {
                    try
                    {
                        var absent = await cut.InstallAsync(records, InstallKind.Update, stop);
                        if (absent.Count > 0)
                        {
                            NotHeld(absent);
                        }

                        break;
                    }
                    catch (StateStoreException)
                    {
                        await Task.Delay(options.RetryLeast, time, stop);
                    }
                    catch (Exception e) when (!stop.IsCancellationRequested)
                    {
                        // One that cannot be shown must not keep away all that come after it.
                        LogFailure(logger, e, records.Count);
                        Missed(records.ConvertAll(static record => record.Key));
                        break;
                    }
                }

                Interlocked.Add(ref _taken, batch.Count);
                batch.ForEach(update => Arrived(update.Age));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node ends, and with it what it holds.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} updates of shared state from other nodes could not be shown; their keys are compared with the store")]
    private static partial void LogFailure(ILogger logger, Exception exception, int count);

    private List<KeyUpdate>? Take()
    {
        lock (_lock)
        {
            if (_order.Count == 0)
            {
                _isRunning = false;
                return null;
            }

            var batch = new List<KeyUpdate>(_order.Count);
            while (_order.TryDequeue(out var key))
            {
                _waiting.Remove(key, out var update);
                batch.Add(update);
            }

            return batch;
        }
    }
}
