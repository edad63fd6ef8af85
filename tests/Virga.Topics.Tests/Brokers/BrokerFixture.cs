using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Nodes;
using Virga.Topics.Brokers;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Messages;
using Virga.Topics.Metadata.Sqlite;
using Virga.Topics.Names;
using Virga.Topics.Publishing;

namespace Virga.Topics.Tests.Brokers;

/// <summary>Brokers over one store of ledgers and its metadata in a folder of their own: one, or several that see each other as the test says.</summary>
internal sealed class BrokerFixture : IAsyncDisposable
{
    private readonly List<TopicBroker> _brokers = [];

    private BrokerFixture(string folder, TopicBrokerOptions options, TimeProvider time, Func<ILedgerStore, ILedgerStore>? over)
    {
        (Folder, Options, Time) = (folder, options, time);
        Metadata = new SqliteTopicMetadata(Path.Combine(folder, "topics.db"));
        Ledgers = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = Path.Combine(folder, "ledgers"), MinSegmentBytes = 1 << 20 }, NullLogger<SegmentLedgerStore>.Instance);
        Store = over?.Invoke(Ledgers) ?? Ledgers;
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Nothing happens by itself: tests call for upkeep.</summary>
    public static TopicBrokerOptions Quiet { get; } = new() { MaintenanceInterval = TimeSpan.FromHours(10) };

    public string Folder { get; }

    /// <summary>Whether the folder is there when this is gone.</summary>
    public bool KeepsFolder { get; init; }

    public TopicBrokerOptions Options { get; }

    public TimeProvider Time { get; }

    public SqliteTopicMetadata Metadata { get; }

    public SegmentLedgerStore Ledgers { get; }

    /// <summary>What brokers use: the ledgers themselves, or what the test has put over them.</summary>
    public ILedgerStore Store { get; }

    public TopicBroker Broker => _brokers[0];

    public static TopicName Name(string text) => TopicName.Parse(text);

    /// <summary>One broker alone.</summary>
    public static async Task<BrokerFixture> StartAsync(TopicBrokerOptions? options = null, TimeProvider? time = null, string? folder = null, Func<ILedgerStore, ILedgerStore>? over = null)
    {
        var fixture = await OpenAsync(options, time, folder, over);
        await fixture.AddAsync(new SingleNodeLink(Core.Names.NodeName.Single));
        return fixture;
    }

    /// <summary>No broker yet.</summary>
    public static async Task<BrokerFixture> OpenAsync(TopicBrokerOptions? options = null, TimeProvider? time = null, string? folder = null, Func<ILedgerStore, ILedgerStore>? over = null)
    {
        var fixture = new BrokerFixture(folder ?? Directory.CreateTempSubdirectory("virga-broker-").FullName, options ?? Quiet, time ?? TimeProvider.System, over) { KeepsFolder = folder is not null };
        await fixture.Metadata.OpenAsync(Cancellation);
        await fixture.Store.OpenAsync(Cancellation);
        return fixture;
    }

    public async Task<TopicBroker> AddAsync(INodeLink link)
    {
        var broker = new TopicBroker(Store, Metadata, link, Options, Time, NullLoggerFactory.Instance);
        _brokers.Add(broker);
        await broker.OpenAsync(Cancellation);
        return broker;
    }

    /// <summary>Closes the broker and opens another over the same store.</summary>
    public async Task RestartAsync()
    {
        await Broker.DisposeAsync();
        _brokers.Clear();
        await AddAsync(new SingleNodeLink(Core.Names.NodeName.Single));
    }

    public ValueTask<Topic> GetAsync(string name) => Broker.GetAsync(Name(name), TopicCreation.Always, Cancellation);

    public async Task<Producer> ProduceAsync(string topic, string name = "producer", TestProducerSink? sink = null, ProducerAccess access = ProducerAccess.Shared, long? epoch = null) =>
        await (await GetAsync(topic)).ProduceAsync(new ProducerOptions { Name = name, IsNameOfUser = true, Access = access, TopicEpoch = epoch }, sink ?? new TestProducerSink(), Cancellation);

    /// <summary>Publishes a message and waits until it is durable.</summary>
    public static Task<Position> PublishAsync(Producer producer, string text, long sequence = 0, string? key = null, DateTimeOffset? at = null)
    {
        var publish = Entry(producer, text, sequence, key, at);
        producer.Publish(publish);
        return publish.End;
    }

    public static TestPublish Entry(Producer producer, string text, long sequence = 0, string? key = null, DateTimeOffset? at = null) => new()
    {
        Data = MessageWriter.Write(new OutgoingMessage { Payload = Encoding.UTF8.GetBytes(text), Key = key }, producer.Name, sequence, at ?? TimeProvider.System.GetUtcNow()),
        SequenceId = sequence,
        HighestSequenceId = sequence,
    };

    /// <summary>The texts of all messages that a topic has.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(string topic)
    {
        var entries = await (await GetAsync(topic)).PeekAsync(Position.Earliest, int.MaxValue, Cancellation);
        return [.. entries.Select(static entry => TextOf(entry.Data))];
    }

    public static string TextOf(ReadOnlyMemory<byte> entry)
    {
        MessageCodec.IsIntact(entry.Span).ShouldBeTrue();
        MessageCodec.TryReadHeader(entry, out var header).ShouldBeTrue();
        return Encoding.UTF8.GetString(entry.Span[header.PayloadOffset..]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var broker in _brokers)
        {
            await broker.DisposeAsync();
        }

        await Store.DisposeAsync();
        await Metadata.DisposeAsync();
        if (!KeepsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
