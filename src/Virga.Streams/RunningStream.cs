using Microsoft.Extensions.Logging;
using Virga.Core.Streams;
using Virga.Streams.Calls;
using Virga.Streams.Lanes;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Names;

namespace Virga.Streams;

/// <summary>
/// A stream function on one node: a lane for each partition of its topics that this node owns. It follows topics that come and grow and partitions that change their owner; a lane that fails
/// begins again after a pause.
/// </summary>
internal sealed class RunningStream : IAsyncDisposable
{
    // Where no event tells: topics that were made by other nodes.
    private static readonly TimeSpan s_discovery = TimeSpan.FromSeconds(10);
    private readonly StreamServices _services;
    private readonly FunctionCaller _caller;
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicName, LaneRun> _lanes = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _changed = new(1, 1);
    private readonly ILogger _logger;
    private Task _following = Task.CompletedTask;

    /// <summary>A stream that does not run yet.</summary>
    public RunningStream(StreamFunction stream, StreamServices services)
    {
        Stream = stream;
        _services = services;
        _logger = services.Loggers.CreateLogger<RunningStream>();
        _caller = new FunctionCaller(stream, services.Functions, services.Invoker, services.Random, services.Time);
    }

    /// <summary>What runs.</summary>
    public StreamFunction Stream { get; }

    /// <summary>What it did.</summary>
    public LaneFigures Figures { get; } = new();

    /// <summary>Its lanes as they are now.</summary>
    public IReadOnlyList<LaneReport> Lanes
    {
        get
        {
            lock (_gate)
            {
                return [.. _lanes.Values.Select(static lane => lane.Report()).OrderBy(static lane => lane.Topic, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Begins.</summary>
    public void Start() => _following = FollowAsync(_stopping.Token);

    /// <summary>Has it look at its topics again, soon.</summary>
    public void Look()
    {
        lock (_gate)
        {
            if (_changed.CurrentCount == 0 && !_stopping.IsCancellationRequested)
            {
                _changed.Release();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        LaneRun[] lanes;
        lock (_gate)
        {
            lanes = [.. _lanes.Values];
            _lanes.Clear();
        }

        foreach (var lane in lanes)
        {
            await lane.DisposeAsync();
        }

        _stopping.Dispose();
        _changed.Dispose();
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(s_discovery, cancellation);
                try
                {
                    await AdjustAsync(await OwnedAsync(cancellation));
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    _logger.FollowingFailed(e, Stream.Name);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is stopped.
        }
    }

    private async ValueTask<HashSet<TopicName>> OwnedAsync(CancellationToken cancellation)
    {
        var owned = new HashSet<TopicName>();
        foreach (var topic in await TopicsAsync(cancellation))
        {
            if (topic.IsPartition)
            {
                Add(topic);
                continue;
            }

            // A stream waits for topics: those that its producers make, and those that it reads itself.
            var partitions = await _services.Broker.PartitionsAsync(topic, TopicCreation.AsPolicySays, cancellation) ?? 0;
            if (partitions == 0)
            {
                Add(topic);
            }

            for (var i = 0; i < partitions; i++)
            {
                Add(topic.OfPartition(i));
            }
        }

        return owned;

        void Add(TopicName topic)
        {
            if (_services.Broker.IsMine(topic))
            {
                owned.Add(topic);
            }
        }
    }

    private async ValueTask<IReadOnlyList<TopicName>> TopicsAsync(CancellationToken cancellation)
    {
        if (Stream.Spec.Pattern is not { } pattern)
        {
            return [.. Stream.Spec.Inputs.Select(input => TopicName.Parse(input, Stream.Name.Scope)).Distinct()];
        }

        var selection = (TopicSelection.Pattern)TopicSelection.Matching(pattern, Stream.Name.Scope);
        var topics = new List<TopicName>();
        string? after = null;
        do
        {
            var page = await _services.Broker.ListAsync(selection.Tenant, selection.Namespace, after, 1000, cancellation);
            topics.AddRange(page.Topics.Select(static topic => topic.Name).Where(selection.Matches));
            after = page.Next;
        }
        while (after is not null);
        return topics;
    }

    private async ValueTask AdjustAsync(HashSet<TopicName> owned)
    {
        List<LaneRun> gone = [];
        lock (_gate)
        {
            foreach (var (topic, lane) in _lanes)
            {
                if (!owned.Contains(topic))
                {
                    gone.Add(lane);
                    _lanes.Remove(topic);
                }
            }

            foreach (var topic in owned)
            {
                if (!_lanes.ContainsKey(topic))
                {
                    _lanes.Add(topic, new LaneRun(Stream, topic, _services, _caller, Figures));
                }
            }
        }

        foreach (var lane in gone)
        {
            await lane.DisposeAsync();
        }
    }
}
