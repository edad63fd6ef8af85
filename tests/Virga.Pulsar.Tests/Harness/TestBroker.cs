using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Pulsar.Server;
using Virga.Topics.Brokers;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Metadata.Sqlite;
using Virga.Topics.Policies;

namespace Virga.Pulsar.Tests.Harness;

/// <summary>A node's topics on disk, served to Pulsar's clients on a free port.</summary>
internal sealed class TestBroker : IAsyncDisposable
{
    private readonly string _folder;
    private readonly SegmentLedgerStore _ledgers;
    private readonly SqliteTopicMetadata _metadata;

    private TestBroker(string folder, SegmentLedgerStore ledgers, SqliteTopicMetadata metadata, TopicBroker topics, PulsarServer server, IPEndPoint address)
    {
        (_folder, _ledgers, _metadata, Topics, Server, Address) = (folder, ledgers, metadata, topics, server, address);
    }

    public TopicBroker Topics { get; }

    public PulsarServer Server { get; }

    public IPEndPoint Address { get; }

    public static async Task<TestBroker> StartAsync(PulsarOptions? options = null, TopicPolicies? policies = null, INodeLink? link = null, TimeProvider? time = null, long? pendingBytes = null)
    {
        var folder = Directory.CreateTempSubdirectory("virga-pulsar-").FullName;
        var ledgers = new SegmentLedgerStore(
            new SegmentLedgerOptions { Directory = Path.Combine(folder, "ledgers"), Durability = LedgerDurability.Interval }, NullLogger<SegmentLedgerStore>.Instance);
        await ledgers.OpenAsync(CancellationToken.None);
        var metadata = new SqliteTopicMetadata(Path.Combine(folder, "topics.db"));
        await metadata.OpenAsync(CancellationToken.None);
        link ??= new SingleNodeLink(new NodeName(ResourceName.Parse("alone")));
        var topics = new TopicBroker(ledgers, metadata, link, new TopicBrokerOptions { Policies = policies ?? TopicPolicies.None, MaintenanceInterval = TimeSpan.FromMilliseconds(100), MaxPendingBytesOfProducer = pendingBytes ?? 16 << 20 }, TimeProvider.System, NullLoggerFactory.Instance);
        await topics.OpenAsync(CancellationToken.None);
        var server = new PulsarServer(topics, link, (options ?? new PulsarOptions()) with { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, time ?? TimeProvider.System, NullLoggerFactory.Instance);
        return new TestBroker(folder, ledgers, metadata, topics, server, server.Start());
    }

    public async Task<RawClient> ConnectAsync() => await RawClient.ConnectAsync(Address);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Topics.DisposeAsync();
        await _metadata.DisposeAsync();
        await _ledgers.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
