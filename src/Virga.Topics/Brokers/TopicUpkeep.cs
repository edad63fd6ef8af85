using Microsoft.Extensions.Logging;

namespace Virga.Topics.Brokers;

/// <summary>One loop for all topics of a node: applies policies to those in memory, lets those go that nobody uses, and looks, slowly, at those that are not in memory.</summary>
internal sealed partial class TopicUpkeep(TopicBroker broker, TopicServices services, TopicCatalogue catalogue) : IAsyncDisposable
{
    /// <summary>So many topics are kept, or closed, at once: what they wait for is the disk, which takes the writes of many together.</summary>
    public const int AtOnce = 32;

    // After so many topics have left the memory it is given back to the system, once a round has few to let go.
    private const int ManyUnloaded = 1000;
    private const int FewUnloaded = 100;

    private readonly CancellationTokenSource _stop = new();
    private readonly TopicSweep _sweep = new(broker, services, catalogue);
    private readonly OrphanLedgers _orphans = new(services, catalogue);
    private readonly AbandonedLedgers _abandoned = new(services);
    private Task _running = Task.CompletedTask;
    private int _unloaded;
    private string _replication = "";

    /// <summary>Before the first topic is opened.</summary>
    public async ValueTask PrepareAsync(CancellationToken cancellation)
    {
        await services.Policies.RefreshAsync(cancellation);
        await _orphans.SuspectAsync(cancellation);
    }

    public void Start() => _running = RunAsync(_stop.Token);

    /// <summary>Policies have changed: those in memory go by the new ones at once.</summary>
    public void ApplyPolicies()
    {
        foreach (var topic in broker.Open)
        {
            topic.Apply(services.Policies.Of(topic.Name));
        }

        var replication = services.Policies.Replication;
        if (Interlocked.Exchange(ref _replication, replication) != replication)
        {
            broker.TellReplicationChanged();
        }
    }

    /// <summary>One round, as the loop makes it.</summary>
    public async Task RoundAsync(TimeSpan passed, CancellationToken cancellation)
    {
        var open = broker.Open;
        var before = _unloaded;
        var idleTime = open.Count > services.Options.MaxIdleTopics ? services.Options.ShortIdleTime : services.Options.IdleTime;
        await Parallel.ForEachAsync(
            open,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (topic, token) =>
            {
                try
                {
                    await topic.Upkeep.RoundAsync(passed, token);
                    if (!topic.IsInUse && topic.IdleFor >= idleTime)
                    {
                        await topic.UnloadAsync(token);
                        Interlocked.Increment(ref _unloaded);
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The others are not to suffer; this one is tried again in the next round.
                    LogNotKept(services.Logger, e, topic.Name);
                }
            });
        await _sweep.StepAsync(cancellation);
        await _orphans.StepAsync(cancellation);
        await _abandoned.StepAsync(cancellation);
        if (_unloaded >= ManyUnloaded && _unloaded - before < FewUnloaded)
        {
            // Some ten kilobytes each. A node that then has little to do would keep them for hours, since nothing makes it collect garbage.
            _unloaded = 0;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(services.Options.MaintenanceInterval, services.Time);
        var last = services.Time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                var now = services.Time.GetTimestamp();
                try
                {
                    // What other nodes say of policies may be lost with their connection.
                    await services.Policies.RefreshAsync(stop);
                    ApplyPolicies();
                    await RoundAsync(services.Time.GetElapsedTime(last, now), stop);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogRoundFailed(services.Logger, e);
                }

                last = now;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The policies of {Topic} could not be applied; that is tried again.")]
    private static partial void LogNotKept(ILogger logger, Exception failure, Names.TopicName topic);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The upkeep of topics failed; it is tried again.")]
    private static partial void LogRoundFailed(ILogger logger, Exception failure);
}
