using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Pulsar.Clients;
using Virga.Topics.Brokers;
using Virga.Topics.Names;
using Virga.Topics.Replication;

namespace Virga.Pulsar.Replication;

/// <summary>
/// Replicates the topics that this node owns to other clusters, where their policies say so. One loop follows the topics that come into memory, the policies and the cluster's view: after a change of the latter two it
/// looks at all topics, since one that nobody uses here may still have something to send.
/// </summary>
public sealed partial class GeoReplicator : IAsyncDisposable
{
    private const int PageSize = 500;

    // How long what failed is left alone.
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    // How soon a topic that was closed with something to send is opened again.
    private static readonly TimeSpan Reopen = TimeSpan.FromSeconds(1);

    private readonly TopicBroker _broker;
    private readonly INodeLink _link;
    private readonly string _own;
    private readonly Dictionary<string, (RemoteCluster Cluster, BrokerClient Client)> _remotes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<(Topic Topic, string Cluster), Task> _running = new();

    // Topics to look at; null for all.
    private readonly Channel<Topic?> _signals = Channel.CreateUnbounded<Topic?>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ITimer _retry;
    private Task _following = Task.CompletedTask;

    /// <summary>What replicates a broker's topics.</summary>
    /// <param name="broker">Whose; its options name the clusters.</param>
    /// <param name="link">The node's own cluster.</param>
    /// <param name="own">The name of that.</param>
    /// <param name="remotes">The others.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it says what goes wrong.</param>
    public GeoReplicator(TopicBroker broker, INodeLink link, string own, IReadOnlyList<RemoteCluster> remotes, TimeProvider time, ILoggerFactory loggers)
    {
        (_broker, _link, _own, _time, _logger) = (broker, link, own, time, loggers.CreateLogger<GeoReplicator>());
        _remotes = remotes.ToDictionary(static remote => remote.Name, remote => (remote, new BrokerClient(remote.Url, time)), StringComparer.Ordinal);
        _retry = time.CreateTimer(static self => ((GeoReplicator)self!).LookAtAll(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins.</summary>
    public void Start()
    {
        _broker.Opened += LookAt;
        _broker.ReplicationChanged += LookAtAll;
        _link.ViewChanged += TakeView;
        LookAtAll();
        _following = FollowAsync();
    }

    /// <summary>Stops; what was not acknowledged is sent again by whoever goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        _broker.Opened -= LookAt;
        _broker.ReplicationChanged -= LookAtAll;
        _link.ViewChanged -= TakeView;
        await _stop.CancelAsync();
        _signals.Writer.TryComplete();
        await _retry.DisposeAsync();
        await _following;
        await Task.WhenAll(_running.Values);
        foreach (var (_, client) in _remotes.Values)
        {
            await client.DisposeAsync();
        }

        _stop.Dispose();
    }

    private void LookAt(Topic topic) => _signals.Writer.TryWrite(topic);

    private void LookAtAll() => _signals.Writer.TryWrite(null);

    private void TakeView(ClusterView view) => LookAtAll();

    private async Task FollowAsync()
    {
        var reader = _signals.Reader;
        try
        {
            while (await reader.WaitToReadAsync(_stop.Token))
            {
                var all = false;
                while (reader.TryRead(out var topic))
                {
                    all |= topic is null;
                    if (topic is not null)
                    {
                        Adopt(topic);
                    }
                }

                if (all && !await LookAtAllAsync(_stop.Token))
                {
                    _retry.Change(Retry, Timeout.InfiniteTimeSpan);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node stops.
            return;
        }
    }

    private void Adopt(Topic topic)
    {
        foreach (var cluster in topic.Replication.Clusters)
        {
            var key = (topic, cluster);
            if (!_stop.IsCancellationRequested && _remotes.TryGetValue(cluster, out var remote) && !topic.IsClosing && !_running.ContainsKey(key))
            {
                // It takes itself out when it ends: not before it is in.
                var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _running[key] = RunAsync(key, remote.Cluster, remote.Client, begun.Task);
                begun.SetResult();
            }
        }
    }

    private async Task RunAsync((Topic Topic, string Cluster) key, RemoteCluster cluster, BrokerClient client, Task begun)
    {
        await begun;
        await new TopicReplicator(_broker, key.Topic, _own, cluster, client, _time, _logger).RunAsync(_stop.Token);
        _running.TryRemove(key, out _);
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        if (!key.Topic.IsClosing)
        {
            // The policies may have been changed back meanwhile.
            LookAt(key.Topic);
        }
        else if (key.Topic.Find(ReplicationCursor.Of(key.Cluster)) is { Backlog: > 0 } && _broker.IsMine(key.Topic.Name))
        {
            // It was closed with something left to send, as after a failure of the store: nobody else may open it.
            _retry.Change(Reopen, Timeout.InfiniteTimeSpan);
        }
    }

    // False when something failed, which is to be tried again.
    private async ValueTask<bool> LookAtAllAsync(CancellationToken cancellation)
    {
        var isWhole = true;
        foreach (var topic in _broker.Open)
        {
            isWhole &= await TryAsync(topic.Name, async () =>
            {
                await topic.Replication.ReconcileAsync(cancellation);
                Adopt(topic);
            });
        }

        return (!_broker.AnyReplication || await TryAsync(null, () => OpenAllAsync(cancellation))) && isWhole;
    }

    private async Task OpenAllAsync(CancellationToken cancellation)
    {
        foreach (var tenant in await _broker.TenantsAsync(cancellation))
        {
            foreach (var space in await _broker.NamespacesAsync(tenant, cancellation))
            {
                string? after = null;
                do
                {
                    var listing = await _broker.ListAsync(tenant, space, after, PageSize, cancellation);
                    foreach (var (name, partitions) in listing.Topics)
                    {
                        await OpenAsync(name, partitions, cancellation);
                    }

                    after = listing.Next;
                }
                while (after is not null);
            }
        }
    }

    // Whoever opens a topic makes it known by that.
    private async Task OpenAsync(TopicName name, int partitions, CancellationToken cancellation)
    {
        var policies = await _broker.EffectivePoliciesAsync(name, cancellation);
        if (!name.IsPersistent || policies.ReplicationClusters?.Any(_remotes.ContainsKey) != true)
        {
            return;
        }

        for (var i = 0; i < Math.Max(1, partitions); i++)
        {
            var part = partitions == 0 ? name : name.OfPartition(i);
            if (_broker.IsMine(part))
            {
                await TryAsync(part, async () => await _broker.GetAsync(part, TopicCreation.Never, cancellation));
            }
        }
    }

    private async ValueTask<bool> TryAsync(TopicName? topic, Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (ProblemException e) when (e.Problem.Slug is "topic-moved" or "not-found")
        {
            // Another node sees to it, or nobody needs to.
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogNotSeen(_logger, topic?.ToString() ?? "The topics", e.Message);
            _retry.Change(Retry, Timeout.InfiniteTimeSpan);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} could not be looked at for replication, which is tried again: {Reason}")]
    private static partial void LogNotSeen(ILogger logger, string topic, string reason);
}
