using Microsoft.Extensions.Logging;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;

namespace Virga.Topics.Brokers;

/// <summary>
/// Collects the ledgers that a crash has left unnamed in a store that several nodes share. Every node looks; what it has seen unchanged for long enough, by its own clock, it takes from whoever began it and
/// deletes. Being too early costs that one its topic, which is opened anew, never an entry: what is not named is not written to.
/// </summary>
internal sealed partial class AbandonedLedgers(TopicServices services)
{
    private const int PageSize = 1000;

    // Of the grace: how often it is looked, so that little more than the grace passes.
    private const int LooksPerGrace = 10;

    private Dictionary<LedgerId, (long Version, long Since)> _seen = [];
    private long? _lookedAt;

    public async ValueTask StepAsync(CancellationToken cancellation)
    {
        if (!services.Logs.Ledgers.IsShared || (_lookedAt is { } at && services.Time.GetElapsedTime(at) < services.Options.AbandonedGrace / LooksPerGrace))
        {
            return;
        }

        var now = services.Time.GetTimestamp();
        _lookedAt = now;
        var seen = new Dictionary<LedgerId, (long Version, long Since)>();
        LedgerId? after = null;
        IReadOnlyList<UnnamedLedger> page;
        do
        {
            page = await services.Logs.Unnamed.ListAsync(after, PageSize, cancellation);
            foreach (var ledger in page)
            {
                after = ledger.Id;
                var since = _seen.TryGetValue(ledger.Id, out var before) && before.Version == ledger.Version ? before.Since : now;
                if (services.Time.GetElapsedTime(since, now) < services.Options.AbandonedGrace)
                {
                    seen[ledger.Id] = (ledger.Version, since);
                }
                else if (await services.Logs.Unnamed.CollectAsync(ledger, cancellation))
                {
                    LogCollected(services.Logger, ledger.Id);
                }
            }
        }
        while (page.Count == PageSize);
        _seen = seen;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The ledger {Ledger} belongs to no topic: it was left by a crash, and is deleted.")]
    private static partial void LogCollected(ILogger logger, LedgerId ledger);
}
