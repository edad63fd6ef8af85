using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Topics.Clients;
using Virga.Triggers.Runs;

namespace Virga.Triggers;

/// <summary>Runs the triggers of a node: each for the topics, or partitions, that the node owns.</summary>
public sealed class TriggerEngine : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TriggerName, TriggerSlot> _slots = new();
    private readonly ITriggerCatalog _catalog;
    private readonly TriggerServices _services;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _patience = new();
    private bool _isDisposed;

    /// <param name="catalog">The triggers that are in force.</param>
    /// <param name="functions">Finds their functions.</param>
    /// <param name="invoker">Runs them.</param>
    /// <param name="topics">Consumes topics and publishes to them.</param>
    /// <param name="node">This node's name.</param>
    /// <param name="random">Decides where the traffic of an alias is split.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it tells what happens.</param>
    public TriggerEngine(
        ITriggerCatalog catalog, IFunctionCatalog functions, IInvoker invoker, TopicClient topics, NodeName node, Random random, TimeProvider time, ILoggerFactory loggers)
    {
        _catalog = catalog;
        _services = new TriggerServices(topics, functions, invoker, node, random, time, loggers.CreateLogger("Virga.Triggers"));
    }

    /// <summary>Begins with the triggers that there are, and follows their changes.</summary>
    public void Start()
    {
        _catalog.Changed += Follow;
        foreach (var trigger in _catalog.All)
        {
            Follow(trigger.Name);
        }
    }

    /// <summary>How a trigger fares here; null when it does not run here.</summary>
    public TriggerFigures? FiguresOf(TriggerName name) => _slots.GetValueOrDefault(name)?.Run?.Figures();

    /// <summary>Takes no more messages, and waits for the calls that run; what is not dealt with is delivered again, here or elsewhere.</summary>
    /// <param name="patience">For how long calls are waited for.</param>
    public async Task StopAsync(TimeSpan patience)
    {
        _catalog.Changed -= Follow;
        await _stopping.CancelAsync();
        using var timer = _services.Time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), _patience, patience, Timeout.InfiniteTimeSpan);
        foreach (var slot in _slots.Values)
        {
            slot.Refresh();
        }

        await Task.WhenAll(_slots.Values.Select(static slot => slot.SettledAsync()));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await StopAsync(TimeSpan.Zero);
        _patience.Dispose();
        _stopping.Dispose();
    }

    private void Follow(TriggerName name) => _slots.GetOrAdd(name, static (key, engine) => new TriggerSlot(key, engine._catalog, engine._services, engine._stopping.Token, engine._patience.Token), this).Refresh();
}
