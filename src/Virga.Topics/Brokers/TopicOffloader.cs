using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Logs;

namespace Virga.Topics.Brokers;

/// <summary>Hands the ledgers of topics on to the colder store, one after another, beside the upkeep: a large one takes minutes. What fails is offered again by a later round.</summary>
internal sealed partial class TopicOffloader(TieredLedgerStore tiers, ILogger logger) : IAsyncDisposable
{
    private readonly Channel<(TopicLog Log, LedgerRecord Ledger)> _offered = Channel.CreateUnbounded<(TopicLog, LedgerRecord)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();

    // Guards the set: what waits or is under way.
    private readonly Lock _lock = new();
    private readonly HashSet<long> _waiting = [];
    private Task _running = Task.CompletedTask;

    public void Start() => _running = RunAsync(_stop.Token);

    /// <summary>Whether anything of a topic waits or is under way: it had better stay in memory.</summary>
    public bool IsBusyWith(TopicLog log)
    {
        lock (_lock)
        {
            foreach (var ledger in log.Record.Ledgers)
            {
                if (_waiting.Contains(ledger.Id))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Takes a closed ledger; returns at once.</summary>
    public void Offer(TopicLog log, LedgerRecord ledger)
    {
        lock (_lock)
        {
            if (!_waiting.Add(ledger.Id))
            {
                return;
            }
        }

        _offered.Writer.TryWrite((log, ledger));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var (log, ledger) = await _offered.Reader.ReadAsync(stop);
                try
                {
                    if (log.Failure is null && await log.OffloadAsync(ledger, tiers, stop))
                    {
                        LogOffloaded(logger, ledger.Id, log.Name);
                    }
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    LogNotOffloaded(logger, e, ledger.Id, log.Name);
                }

                lock (_lock)
                {
                    _waiting.Remove(ledger.Id);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops; what was not finished is begun anew by the next run.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The ledger {Ledger} of {Topic} was offloaded.")]
    private static partial void LogOffloaded(ILogger logger, long ledger, Names.TopicName topic);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The ledger {Ledger} of {Topic} could not be offloaded; that is tried again.")]
    private static partial void LogNotOffloaded(ILogger logger, Exception failure, long ledger, Names.TopicName topic);
}
