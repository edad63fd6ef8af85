using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Messages;
using Virga.Topics.Metadata.Sqlite;
using Virga.Topics.Names;
using Virga.Topics.Tests.Brokers;
using static Virga.Triggers.Tests.Runs.ScriptedFunctions;

namespace Virga.Triggers.Tests.Runs;

/// <summary>A trigger on two nodes that share their topics.</summary>
public sealed class TwoNodesTests : IAsyncLifetime
{
    private const int Partitions = 16;
    private const int Messages = 64;

    private readonly string _folder = Directory.CreateTempSubdirectory("virga-two-nodes-").FullName;
    private readonly TestTriggers _triggers = new();
    private readonly ScriptedFunctions _functions = new();
    private readonly TopicName _topic = TopicName.Parse("orders");
    private readonly List<Node> _nodes = [];
    private SqliteTopicMetadata _metadata = null!;
    private SegmentLedgerStore _ledgers = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _metadata = new SqliteTopicMetadata(Path.Combine(_folder, "topics.db"));
        await _metadata.OpenAsync(Cancellation);
        _ledgers = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = Path.Combine(_folder, "ledgers") }, NullLogger<SegmentLedgerStore>.Instance);
        await _ledgers.OpenAsync(Cancellation);
        var links = TestLink.Connect("a", "b");
        foreach (var link in links)
        {
            link.See(links);
            var broker = new TopicBroker(_ledgers, _metadata, link, new TopicBrokerOptions(), TimeProvider.System, NullLoggerFactory.Instance);
            await broker.OpenAsync(Cancellation);
            var client = new TopicClient(broker, link, new Random(7), TimeProvider.System, NullLoggerFactory.Instance);
            var engine = new TriggerEngine(_triggers, _functions, _functions, client, link, new Random(7), TimeProvider.System, NullLoggerFactory.Instance);
            _nodes.Add(new Node(broker, client, engine));
        }

        await _nodes[0].Broker.CreateAsync(_topic, Partitions, Cancellation);
        _nodes.ForEach(static node => node.Engine.Start());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.Engine.DisposeAsync();
        }

        foreach (var node in _nodes)
        {
            await node.Client.DisposeAsync();
        }

        foreach (var node in _nodes)
        {
            await node.Broker.DisposeAsync();
        }

        await _ledgers.DisposeAsync();
        await _metadata.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Stats_add_up_what_all_nodes_did_whichever_is_asked()
    {
        _functions.Handler = static (_, _) => Task.FromResult(Ok("1"));
        var name = TestTriggers.Name("handle");
        _triggers.Put("handle", new TriggerSpec { Source = new TriggerSource { Topic = new TopicSource { Topics = ["orders"], From = TopicStart.Earliest } }, Function = "handle" });
        for (var n = 0; n < Messages; n++)
        {
            await _nodes[0].Client.PublishAsync(_topic, new OutgoingMessage { Payload = Encoding.UTF8.GetBytes($"{n}"), Key = $"{n}" }, Cancellation);
        }

        await TriggerWorld.EventuallyAsync(() => _nodes.Sum(node => node.Engine.FiguresOf(name)?.Handled ?? 0) == Messages && _nodes.All(node => node.Engine.FiguresOf(name) is { Backlog: 0 }));
        foreach (var node in _nodes)
        {
            var stats = await node.Engine.StatsAsync(name, Cancellation);

            stats.Handled.ShouldBe(Messages);
            stats.Topics.ShouldBe(Enumerable.Range(0, Partitions).Select(index => _topic.OfPartition(index).ToString()).Order(StringComparer.Ordinal));
            stats.Nodes.Select(static each => each.Node).ShouldBe(["a", "b"]);
            stats.Nodes.ShouldAllBe(static each => each.Handled > 0);
            (stats.Backlog, stats.State, stats.Unreachable.Count).ShouldBe((0, Virga.Triggers.Runs.TriggerState.Running, 0));
        }
    }

    [Fact]
    public async Task Stats_of_a_trigger_that_is_not_there_are_refused() =>
        (await Should.ThrowAsync<ProblemException>(() => _nodes[1].Engine.StatsAsync(TestTriggers.Name("other"), Cancellation))).Problem.Slug.ShouldBe("not-found");

    private sealed record Node(TopicBroker Broker, TopicClient Client, TriggerEngine Engine);
}
