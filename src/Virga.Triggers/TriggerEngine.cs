using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Topics.Clients;
using Virga.Triggers.Api;
using Virga.Triggers.Runs;

namespace Virga.Triggers;

/// <summary>Runs the triggers of a node: each for the topics, or partitions, that the node owns.</summary>
public sealed class TriggerEngine : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TriggerName, TriggerSlot> _slots = new();
    private readonly ITriggerCatalog _catalog;
    private readonly TriggerServices _services;
    private readonly INodeLink _link;
    private readonly TriggerMetrics _metrics;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _patience = new();
    private bool _isDisposed;

    /// <param name="catalog">The triggers that are in force.</param>
    /// <param name="functions">Finds their functions.</param>
    /// <param name="invoker">Runs them.</param>
    /// <param name="topics">Consumes topics and publishes to them.</param>
    /// <param name="link">This node and the others.</param>
    /// <param name="random">Decides where the traffic of an alias is split.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it tells what happens.</param>
    public TriggerEngine(
        ITriggerCatalog catalog, IFunctionCatalog functions, IInvoker invoker, TopicClient topics, INodeLink link, Random random, TimeProvider time, ILoggerFactory loggers)
    {
        _catalog = catalog;
        _link = link;
        _services = new TriggerServices(topics, functions, invoker, link.Self, random, time, loggers.CreateLogger("Virga.Triggers"));
        _metrics = new TriggerMetrics(this);
        link.Handle(NodeTopic.TriggerStats, AnswerAsync);
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

    /// <summary>How each trigger fares that runs here.</summary>
    internal IEnumerable<(TriggerName Name, TriggerFigures Figures)> Figures()
    {
        foreach (var (name, slot) in _slots)
        {
            if (slot.Run is { } run)
            {
                yield return (name, run.Figures());
            }
        }
    }

    /// <summary>How a trigger fares on all nodes together.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    internal async Task<TriggerStats> StatsAsync(TriggerName name, CancellationToken cancellation)
    {
        if (_catalog.Find(name) is null)
        {
            throw new ProblemException(KnownProblems.NotFound($"There is no trigger '{name}'.", "See `virga trigger list`."));
        }

        List<TriggerFigures> nodes = [];
        List<string> unreachable = [];
        foreach (var member in _link.View.Members)
        {
            try
            {
                var figures = member.Name == _link.Self
                    ? FiguresOf(name)
                    : TriggerMessages.ReadFigures(await _link.AskAsync(member.Name, NodeTopic.TriggerStats, TriggerMessages.Ask(name), cancellation));
                if (figures is not null)
                {
                    nodes.Add(figures);
                }
            }
            catch (NodeUnreachableException e)
            {
                unreachable.Add(e.Node.Value);
            }
        }

        return TriggerStats.Of(name, nodes, unreachable);
    }

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
        _metrics.Dispose();
        _patience.Dispose();
        _stopping.Dispose();
    }

    private ValueTask<ReadOnlyMemory<byte>> AnswerAsync(NodeName from, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        TriggerMessages.TryRead(request.Span, out var name)
            ? ValueTask.FromResult(TriggerMessages.Write(FiguresOf(name)))
            : throw new InvalidDataException($"{from} asks for something about a trigger that this node does not know.");

    private void Follow(TriggerName name) => _slots.GetOrAdd(name, static (key, engine) => new TriggerSlot(key, engine._catalog, engine._services, engine._stopping.Token, engine._patience.Token), this).Refresh();
}
