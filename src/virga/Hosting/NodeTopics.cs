using Microsoft.Extensions.Logging;
using Virga.Configuration;
using Virga.Core.Problems;
using Virga.Topics.Api;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Functions;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Ledgers.RabbitMq;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Metadata;
using Virga.Topics.Metadata.Postgres;
using Virga.Topics.Metadata.Sqlite;

namespace Virga.Hosting;

/// <summary>
/// A node's topics: the metadata, the ledgers and the broker over them, opened in that order and closed in the reverse one. A node alone has them in its data folder; the nodes of a cluster share
/// RabbitMQ and the cluster's PostgreSQL.
/// </summary>
internal sealed class NodeTopics : IAsyncDisposable
{
    private const string Folder = "topics";

    private readonly ILedgerStore _ledgers;
    private readonly ITopicMetadata _metadata;

    private NodeTopics(ILedgerStore ledgers, ITopicMetadata metadata, TopicBroker broker, TopicClient client, TimeProvider time) =>
        (_ledgers, _metadata, Node, Publishing) = (ledgers, metadata, new TopicNode(broker, client), new FunctionPublishing(client, time));

    /// <summary>Why a node of a cluster without RabbitMQ has no topics.</summary>
    public static Problem Missing { get; } = KnownProblems.Unavailable("The node's cluster has no RabbitMQ, where the messages of topics would be.", "Start its nodes with --rabbitmq URL.");

    /// <summary>The topics as the edges need them.</summary>
    public TopicNode Node { get; }

    /// <summary>The topics that the node owns.</summary>
    public TopicBroker Broker => Node.Broker;

    /// <summary>Publishes and consumes from within the node.</summary>
    public TopicClient Client => Node.Client;

    /// <summary>Publishes what functions publish.</summary>
    public FunctionPublishing Publishing { get; }

    /// <summary>Whether a node that is started so has topics.</summary>
    public static bool AreIn(NodeOptions options) => options.ClusterDatabase is null || options.ClusterRabbitMq is not null;

    /// <summary>Opens them, and recovers what an earlier run has written; null for a cluster without RabbitMQ, which has no place for messages where all its nodes reach them.</summary>
    /// <exception cref="ProblemException"><c>ledgers-corrupted</c>, <c>ledgers-unavailable</c>, <c>topics-corrupted</c>, <c>topics-unavailable</c>, <c>storage-full</c>.</exception>
    public static async Task<NodeTopics?> OpenAsync(NodeOptions options, string data, NodeMembership membership, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        if (options.ClusterDatabase is { } database)
        {
            if (options.ClusterRabbitMq is not { } rabbitMq)
            {
                NodeWithoutTopics.Answer(membership.Link);
                return null;
            }

            var shared = new PostgresTopicMetadata(database);
            return await OpenAsync(new RabbitMqLedgerStore(new RabbitMqLedgerOptions { Url = rabbitMq }, shared, time), shared, options, membership, time, loggers, cancellation);
        }

        var folder = Path.Combine(data, Folder);
        Directory.CreateDirectory(folder);
        var metadata = new SqliteTopicMetadata(Path.Combine(folder, "topics.db"));
        var ledgers = new SegmentLedgerStore(
            new SegmentLedgerOptions { Directory = Path.Combine(folder, "ledgers"), Durability = options.TopicDurability }, loggers.CreateLogger<SegmentLedgerStore>());
        return await OpenAsync(ledgers, metadata, options, membership, time, loggers, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Publishing.DisposeAsync();
        await Client.DisposeAsync();
        await Broker.DisposeAsync();
        await _ledgers.DisposeAsync();
        await _metadata.DisposeAsync();
    }

    private static TopicBrokerOptions BrokerOptions(NodeOptions options)
    {
        var usual = new TopicBrokerOptions();
        return usual with
        {
            Logs = usual.Logs with { TailBytes = options.TopicMemory.Bytes },
            Cluster = options.ClusterName ?? usual.Cluster,
            RemoteClusters = [.. options.RemoteClusters.Select(static remote => remote.Name)],
        };
    }

    private static async Task<NodeTopics> OpenAsync(
        ILedgerStore ledgers, ITopicMetadata metadata, NodeOptions options, NodeMembership membership, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        ledgers = options.TopicOffload is { } bucket ? new TieredLedgerStore(ledgers, new S3ColdLedgers(bucket)) : ledgers;
        var broker = new TopicBroker(ledgers, metadata, membership.Link, BrokerOptions(options), time, loggers);
        var topics = new NodeTopics(ledgers, metadata, broker, new TopicClient(broker, membership.Link, new Random(), time, loggers), time);
        try
        {
            await metadata.OpenAsync(cancellation);
            await ledgers.OpenAsync(cancellation);
            await topics.Broker.OpenAsync(cancellation);
            return topics;
        }
        catch
        {
            await topics.DisposeAsync();
            throw;
        }
    }
}
