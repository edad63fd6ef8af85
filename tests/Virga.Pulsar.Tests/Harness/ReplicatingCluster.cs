using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Pulsar.Clients;
using Virga.Pulsar.Replication;
using Virga.Pulsar.Server;
using Virga.Topics.Brokers;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata.Sqlite;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Tests.Harness;

/// <summary>A cluster of one node, which replicates its topics to others; it can go and come again, with the same data and at the same address.</summary>
internal sealed class ReplicatingCluster(string name, params string[] others) : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-replication-").FullName;
    private SegmentLedgerStore? _ledgers;
    private SqliteTopicMetadata? _metadata;
    private PulsarServer? _server;
    private GeoReplicator? _replicator;
    private SingleNodeLink? _link;

    public string Name => name;

    public TopicBroker Topics { get; private set; } = null!;

    public IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    private bool IsRunning => _replicator is not null || _server is not null;

    /// <summary>Two clusters that know each other and run.</summary>
    public static async Task<(ReplicatingCluster Eu, ReplicatingCluster Us)> PairAsync(bool deduplicates = true)
    {
        var (eu, us) = (new ReplicatingCluster("eu", "us"), new ReplicatingCluster("us", "eu"));
        await eu.StartAsync();
        await us.StartAsync();
        foreach (var cluster in (ReplicatingCluster[])[eu, us])
        {
            await cluster.SetAsync(new TopicPolicies { ReplicationClusters = ["eu", "us"], Deduplication = deduplicates });
        }

        eu.Replicate(us);
        us.Replicate(eu);
        return (eu, us);
    }

    public async Task StartAsync()
    {
        _ledgers = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = Path.Combine(_folder, "ledgers"), Durability = LedgerDurability.Interval }, NullLogger<SegmentLedgerStore>.Instance);
        await _ledgers.OpenAsync(CancellationToken.None);
        _metadata = new SqliteTopicMetadata(Path.Combine(_folder, "topics.db"));
        await _metadata.OpenAsync(CancellationToken.None);
        _link = new SingleNodeLink(new NodeName(ResourceName.Parse("alone")));
        Topics = new TopicBroker(_ledgers, _metadata, _link, new TopicBrokerOptions { Cluster = name, RemoteClusters = others, MaintenanceInterval = TimeSpan.FromMilliseconds(100) }, TimeProvider.System, NullLoggerFactory.Instance);
        await Topics.OpenAsync(CancellationToken.None);
        _server = new PulsarServer(Topics, _link, new PulsarOptions { Listen = Address }, TimeProvider.System, NullLoggerFactory.Instance);
        Address = _server.Start();
    }

    public async Task SetAsync(TopicPolicies policies) => await Topics.SetPoliciesAsync(PolicyOwner.OfNamespace("default", "default"), policies, null, CancellationToken.None);

    public void Replicate(params ReplicatingCluster[] clusters)
    {
        _replicator = new GeoReplicator(
            Topics, _link!, name, [.. clusters.Select(static cluster => new RemoteCluster(cluster.Name, new BrokerUrl("127.0.0.1", cluster.Address.Port)))], TimeProvider.System, NullLoggerFactory.Instance);
        _replicator.Start();
    }

    public async Task StopAsync()
    {
        if (_replicator is not null)
        {
            await _replicator.DisposeAsync();
        }

        await _server!.DisposeAsync();
        await Topics.DisposeAsync();
        await _metadata!.DisposeAsync();
        await _ledgers!.DisposeAsync();
        (_replicator, _server) = (null, null);
    }

    /// <summary>Publishes texts by a client of Pulsar; each is acknowledged when this completes.</summary>
    public async Task PublishAsync(string topic, IEnumerable<string> texts, string producer = "")
    {
        using var client = await RawClient.ConnectAsync(Address);
        await client.ProduceAsync(topic, more: options => options.ProducerName = producer);
        long sent = 0;
        foreach (var text in texts)
        {
            await client.PublishAsync(text, sent++);
        }

        for (var i = 0L; i < sent; i++)
        {
            await client.ExpectAsync(CommandType.SendReceipt);
        }
    }

    public async Task<IReadOnlyList<LogEntry>> EntriesAsync(string topic)
    {
        var opened = await Topics.GetAsync(TopicName.Parse(topic), TopicCreation.Never, CancellationToken.None);
        return await opened.PeekAsync(Position.Earliest, 1_000_000, CancellationToken.None);
    }

    public async Task<IReadOnlyList<string>> TextsAsync(string topic)
    {
        var texts = new List<string>();
        foreach (var entry in await EntriesAsync(topic))
        {
            var messages = MessageReader.Read(TopicName.Parse(topic), new DeliveredEntry(entry.Position, entry.Data, 1, 0, null));
            texts.AddRange(messages.Select(static message => Encoding.UTF8.GetString(message.Payload.Span)));
        }

        return texts;
    }

    /// <summary>How a topic's replication to the one other cluster stands; null where it is not in memory or is not replicated.</summary>
    public ReplicationFigures? Replication(string topic) => Find(topic)?.Figures().Replication.SingleOrDefault();

    /// <summary>Waits until a topic has so many entries, and all of them are where they are to be.</summary>
    public Task SettledAsync(string topic, long entries) => Eventually.TrueAsync(
        () => Find(topic)?.Figures() is { } figures && figures.Entries >= entries && figures.Replication is [{ Backlog: 0, IsConnected: true }],
        $"'{topic}' of {name} has {entries} entries and nothing to send");

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await StopAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private Topic? Find(string topic) => Topics.Open.FirstOrDefault(open => open.Name == TopicName.Parse(topic));
}
