using System.Collections.Concurrent;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Policies;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Replication;

/// <summary>
/// One topic's replication to other clusters, as far as it is the topic's: a cursor for each cluster that the policies name, which is made before anybody can publish and keeps what is not there yet. Who sends
/// the entries attaches to it.
/// </summary>
public sealed class TopicReplication
{
    private readonly Topic _topic;
    private readonly TopicBrokerOptions _options;
    private readonly ConcurrentDictionary<string, ReplicationMeter> _meters = new(StringComparer.Ordinal);

    internal TopicReplication(Topic topic, TopicBrokerOptions options) => (_topic, _options) = (topic, options);

    /// <summary>The other clusters that the policies name and that this node knows how to reach.</summary>
    public IReadOnlyList<string> Clusters => _topic.Log is null ? [] : [.. Named(_topic.Policies).Where(cluster => _options.RemoteClusters.Contains(cluster, StringComparer.Ordinal))];

    /// <summary>Tells this topic from others of its name, before and after: each that is made has a greater one.</summary>
    public long Incarnation => _topic.Log?.Record.CreatedAt ?? 0;

    /// <summary>Makes the cursors that are missing, and removes those of clusters that the policies do not name any more. One of a cluster that this node does not know stays: another node may, or the next run.</summary>
    /// <exception cref="Core.Problems.ProblemException">They cannot be stored now.</exception>
    public async ValueTask ReconcileAsync(CancellationToken cancellation)
    {
        if (_topic.Log is null)
        {
            return;
        }

        foreach (var cluster in Clusters)
        {
            var name = ReplicationCursor.Of(cluster);
            if (_topic.Find(name) is null)
            {
                await _topic.Subscriptions.EnsureAsync(new ConsumerOptions { Subscription = name, Start = new MessageId(Position.Earliest) }, cancellation);
            }
        }

        HashSet<string> wanted = [.. Named(_topic.Policies).Select(ReplicationCursor.NameOf)];
        foreach (var subscription in _topic.Subscriptions.List)
        {
            if (ReplicationCursor.IsOne(subscription.Name) && !wanted.Contains(subscription.Name.Value))
            {
                await _topic.Subscriptions.DeleteAsync(subscription.Name, force: true, cancellation);
            }
        }
    }

    /// <summary>Attaches who sends entries to a cluster: it gets them in their order, and acknowledges what is there.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>consumer-busy</c>, <c>topic-moved</c>, <c>unavailable</c>.</exception>
    public ValueTask<Consumer> AttachAsync(string cluster, IConsumerSink sink, CancellationToken cancellation)
    {
        var options = new ConsumerOptions { Subscription = ReplicationCursor.Of(cluster), Type = SubscriptionType.Exclusive, Name = ReplicationCursor.NameOf(cluster), Start = new MessageId(Position.Earliest) };
        return _topic.ReplicateAsync(options, sink, cancellation);
    }

    /// <summary>The other cluster has acknowledged an entry.</summary>
    public void Count(string cluster, int messages, int bytes) => MeterOf(cluster).Sent.Count(messages, bytes);

    /// <summary>Says why nothing goes to a cluster; null where it does.</summary>
    public void Report(string cluster, string? problem) => MeterOf(cluster).Problem = problem;

    internal void Tick(TimeSpan passed)
    {
        foreach (var (_, meter) in _meters)
        {
            meter.Sent.Tick(passed);
        }
    }

    internal IReadOnlyList<ReplicationFigures> Figures()
    {
        var figures = new List<ReplicationFigures>();
        foreach (var subscription in _topic.Subscriptions.List)
        {
            if (ReplicationCursor.IsOne(subscription.Name))
            {
                var cluster = subscription.Name.Value[ReplicationCursor.Prefix.Length..];
                var meter = MeterOf(cluster);
                figures.Add(new ReplicationFigures
                {
                    Cluster = cluster,
                    IsConnected = subscription.HasConsumers,
                    Backlog = subscription.Backlog,
                    Messages = meter.Sent.Messages,
                    Bytes = meter.Sent.Bytes,
                    MessageRate = meter.Sent.MessageRate,
                    ByteRate = meter.Sent.ByteRate,
                    Problem = meter.Problem,
                });
            }
        }

        figures.Sort(static (a, b) => string.CompareOrdinal(a.Cluster, b.Cluster));
        return figures;
    }

    private IEnumerable<string> Named(TopicPolicies policies) => (policies.ReplicationClusters ?? []).Where(cluster => cluster != _options.Cluster).Distinct(StringComparer.Ordinal);

    private ReplicationMeter MeterOf(string cluster) => _meters.GetOrAdd(cluster, static _ => new ReplicationMeter());
}
