using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Streams;
using Virga.Streams.Api;
using Virga.Streams.Lanes;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Names;

namespace Virga.Streams;

/// <summary>Runs the stream functions of a node: for each, the partitions that the node owns. Together the nodes of a cluster run all of it, and nothing twice.</summary>
public sealed class StreamEngine : IAsyncDisposable
{
    private readonly IStreamCatalog _catalog;
    private readonly StreamServices _services;
    private readonly INodeLink _link;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<StreamName, RunningStream> _running = new();
    private readonly Channel<StreamName> _changes = Channel.CreateUnbounded<StreamName>(new UnboundedChannelOptions { SingleReader = true });
    private readonly StreamMetrics _metrics;
    private Task _following = Task.CompletedTask;

    /// <summary>An engine that does not run yet.</summary>
    /// <param name="catalog">Which streams there are.</param>
    /// <param name="broker">This node's topics.</param>
    /// <param name="client">All topics.</param>
    /// <param name="functions">Where functions are found.</param>
    /// <param name="invoker">Who runs them.</param>
    /// <param name="link">The other nodes.</param>
    /// <param name="random">Draws where a function's traffic is split.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it reports.</param>
    public StreamEngine(
        IStreamCatalog catalog, TopicBroker broker, TopicClient client, IFunctionCatalog functions, IInvoker invoker, INodeLink link, Random random, TimeProvider time, ILoggerFactory loggers)
    {
        _catalog = catalog;
        _link = link;
        _services = new StreamServices(broker, client, functions, invoker, new LaneLimits(), random, time, loggers);
        _logger = loggers.CreateLogger<StreamEngine>();
        _metrics = new StreamMetrics(this);
        link.Handle(NodeTopic.StreamFunction, AnswerAsync);
    }

    /// <summary>What runs here.</summary>
    internal IEnumerable<RunningStream> Running => _running.Values;

    /// <summary>Starts every stream, and follows as they change.</summary>
    public void Start()
    {
        _catalog.Changed += Change;
        _services.Broker.Changed += TopicChanged;
        _link.ViewChanged += ViewChanged;
        foreach (var stream in _catalog.All)
        {
            Change(stream.Name);
        }

        _following = FollowAsync();
    }

    /// <summary>Stops them all: what is under way is broken off, and comes again.</summary>
    public async ValueTask DisposeAsync()
    {
        _catalog.Changed -= Change;
        _services.Broker.Changed -= TopicChanged;
        _link.ViewChanged -= ViewChanged;
        _changes.Writer.TryComplete();
        await _following;
        _metrics.Dispose();
        foreach (var stream in _running.Values)
        {
            await stream.DisposeAsync();
        }

        _running.Clear();
    }

    /// <summary>How a stream runs, on all nodes together.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    internal async Task<StreamStats> StatsAsync(StreamName name, CancellationToken cancellation)
    {
        Require(name);
        var stats = Report(name);
        foreach (var member in _link.View.Members.Where(member => member.Name != _link.Self))
        {
            try
            {
                stats = stats.With(StreamMessages.ReadStats(await _link.AskAsync(member.Name, NodeTopic.StreamFunction, StreamMessages.Ask(StreamMessages.Stats, name), cancellation)));
            }
            catch (NodeUnreachableException e)
            {
                stats = stats with { Unreachable = [.. stats.Unreachable, e.Node.Value] };
            }
        }

        return stats;
    }

    /// <summary>Stops a stream and starts it again, on all nodes.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    /// <exception cref="NodeUnreachableException">A node was not reached; others may have restarted it.</exception>
    internal async Task RestartAsync(StreamName name, CancellationToken cancellation)
    {
        Require(name);
        foreach (var member in _link.View.Members.Where(member => member.Name != _link.Self))
        {
            await _link.AskAsync(member.Name, NodeTopic.StreamFunction, StreamMessages.Ask(StreamMessages.Restart, name), cancellation);
        }

        Change(name);
    }

    private void Require(StreamName name)
    {
        if (_catalog.Find(name) is null)
        {
            throw new ProblemException(KnownProblems.NotFound($"There is no stream '{name.Name}'.", "See `virga stream list`."));
        }
    }

    private StreamStats Report(StreamName name) => _running.TryGetValue(name, out var stream) ? StreamStats.Of(stream) : StreamStats.None(name);

    private ValueTask<ReadOnlyMemory<byte>> AnswerAsync(NodeName from, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (!StreamMessages.TryRead(request.Span, out var kind, out var name))
        {
            throw new InvalidDataException($"{from} asks for something about a stream that this node does not know.");
        }

        if (kind == StreamMessages.Restart)
        {
            Change(name);
            return ValueTask.FromResult(ReadOnlyMemory<byte>.Empty);
        }

        return ValueTask.FromResult(StreamMessages.Write(Report(name)));
    }

    private void Change(StreamName name) => _changes.Writer.TryWrite(name);

    private void TopicChanged(TopicName topic)
    {
        foreach (var stream in _running.Values)
        {
            stream.Look();
        }
    }

    private void ViewChanged(ClusterView view) => TopicChanged(default);

    private async Task FollowAsync()
    {
        await foreach (var name in _changes.Reader.ReadAllAsync())
        {
            try
            {
                if (_running.TryRemove(name, out var old))
                {
                    await old.DisposeAsync();
                }

                if (_catalog.Find(name) is { } stream)
                {
                    var running = new RunningStream(stream, _services);
                    _running[name] = running;
                    running.Start();
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _logger.FollowingFailed(e, name);
            }
        }
    }
}
