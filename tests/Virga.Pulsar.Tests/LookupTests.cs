using Virga.Core.Nodes;
using Virga.Pulsar.Protocol;
using Virga.Pulsar.Server;
using Virga.Pulsar.Tests.Harness;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Tests.Brokers;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Tests;

public sealed class LookupTests : IAsyncLifetime
{
    private TestBroker _broker = null!;

    public async ValueTask InitializeAsync() => _broker = await TestBroker.StartAsync();

    public async ValueTask DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task A_topic_is_where_the_client_has_reached_the_node()
    {
        using var client = await _broker.ConnectAsync();

        var found = await LookupAsync(client, "persistent://public/default/orders");

        (found.BrokerServiceUrl, found.Response, found.Authoritative, found.ProxyThroughServiceUrl).ShouldBe(($"pulsar://127.0.0.1:{_broker.Address.Port}", 1, true, false));
        var wrong = await LookupAsync(client, "persistent://public/default");
        (wrong.Response, wrong.Error).ShouldBe((2, ServerError.InvalidTopicName));
    }

    [Fact]
    public async Task A_node_behind_another_address_says_that()
    {
        await using var broker = await TestBroker.StartAsync(new PulsarOptions { Advertised = "topics.example:16650" });
        using var client = await broker.ConnectAsync();

        (await LookupAsync(client, "orders")).BrokerServiceUrl.ShouldBe("pulsar://topics.example:16650");
    }

    [Fact]
    public async Task Partitions_are_counted_and_topics_made_where_the_policy_says_so()
    {
        using var client = await _broker.ConnectAsync();
        await _broker.Topics.CreateAsync(TopicName.Parse("four"), 4, CancellationToken.None);

        (await PartitionsAsync(client, "persistent://public/default/four")).Partitions.ShouldBe(4u);
        (await PartitionsAsync(client, "persistent://public/default/four-partition-2")).Partitions.ShouldBe(0u);
        (await PartitionsAsync(client, "persistent://public/default/new", isMade: false)).Error.ShouldBe(ServerError.TopicNotFound);
        (await PartitionsAsync(client, "persistent://public/default/new")).Partitions.ShouldBe(0u);
        (await PartitionsAsync(client, "persistent://public/default/new", isMade: false)).HasError.ShouldBeFalse();
        (await PartitionsAsync(client, "persistent://pulsar/system/transaction_coordinator_assign")).Error.ShouldBe(ServerError.NotAllowedError);
    }

    [Fact]
    public async Task Topics_are_listed_by_the_names_that_the_client_uses()
    {
        using var client = await _broker.ConnectAsync();
        await _broker.Topics.CreateAsync(TopicName.Parse("one"), 0, CancellationToken.None);
        await _broker.Topics.CreateAsync(TopicName.Parse("two"), 2, CancellationToken.None);
        await _broker.Topics.CreateAsync(TopicName.Parse("non-persistent://default/default/fleeting"), 0, CancellationToken.None);
        await _broker.Topics.CreateAsync(TopicName.Parse("acme/sales/other"), 0, CancellationToken.None);

        (await TopicsAsync(client, "public/default", 2)).ShouldBe(
            ["persistent://public/default/one", "persistent://public/default/two-partition-0", "persistent://public/default/two-partition-1", "non-persistent://public/default/fleeting"], ignoreOrder: true);
        (await TopicsAsync(client, "default/default", 0)).ShouldBe(["persistent://default/default/one", "persistent://default/default/two-partition-0", "persistent://default/default/two-partition-1"], ignoreOrder: true);
        (await TopicsAsync(client, "public/default", 1)).ShouldBe(["non-persistent://public/default/fleeting"]);
        (await TopicsAsync(client, "acme/sales", 0)).ShouldBe(["persistent://acme/sales/other"]);
    }

    [Fact]
    public async Task A_topic_that_is_not_made_by_itself_is_not_found()
    {
        await using var broker = await TestBroker.StartAsync(policies: new TopicPolicies { AutoCreation = new AutoCreation(false) });
        using var client = await broker.ConnectAsync();

        await client.SendAsync(new BaseCommand { Type = CommandType.Producer, Producer = new CommandProducer { Topic = "missing", ProducerId = 1, RequestId = 1 } });

        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Error.Error.ShouldBe(ServerError.TopicNotFound);
    }

    [Fact]
    public async Task A_partitioned_topic_as_a_whole_takes_no_producer()
    {
        using var client = await _broker.ConnectAsync();
        await _broker.Topics.CreateAsync(TopicName.Parse("four"), 4, CancellationToken.None);

        await client.SendAsync(new BaseCommand { Type = CommandType.Producer, Producer = new CommandProducer { Topic = "persistent://public/default/four", ProducerId = 1, RequestId = 1 } });

        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Error.Error.ShouldBe(ServerError.NotAllowedError);
    }

    [Fact]
    public async Task Versions_of_a_schema_are_registered_once_and_found_again()
    {
        using var client = await _broker.ConnectAsync();
        await _broker.Topics.CreateAsync(TopicName.Parse("typed"), 2, CancellationToken.None);
        var schema = new Schema { Name = "s", Type = 2, SchemaData = Google.Protobuf.ByteString.CopyFromUtf8("{}"), Properties = { new KeyValue { Key = "a", Value = "b" } } };

        var first = await client.ProduceAsync("persistent://public/default/typed-partition-0", more: p => p.Schema = schema);
        await client.SendAsync(new BaseCommand { Type = CommandType.GetOrCreateSchema, GetOrCreateSchema = new CommandGetOrCreateSchema { RequestId = 8, Topic = "persistent://public/default/typed-partition-1", Schema = schema } });
        (await client.ExpectAsync(CommandType.GetOrCreateSchemaResponse)).GetOrCreateSchemaResponse.SchemaVersion.ShouldBe(first.SchemaVersion);

        // Of the topic as a whole too, and of a partition.
        foreach (var topic in (string[])["persistent://public/default/typed", "persistent://public/default/typed-partition-1"])
        {
            await client.SendAsync(new BaseCommand { Type = CommandType.GetSchema, GetSchema = new CommandGetSchema { RequestId = 9, Topic = topic } });
            var found = (await client.ExpectAsync(CommandType.GetSchemaResponse)).GetSchemaResponse;
            found.Schema.ShouldBe(schema);
            found.SchemaVersion.ShouldBe(first.SchemaVersion);
        }

        await client.SendAsync(new BaseCommand { Type = CommandType.GetSchema, GetSchema = new CommandGetSchema { RequestId = 10, Topic = "persistent://public/default/typed", SchemaVersion = Google.Protobuf.ByteString.CopyFrom(0, 0, 0, 0, 0, 0, 0, 7) } });
        (await client.ExpectAsync(CommandType.GetSchemaResponse)).GetSchemaResponse.ErrorCode.ShouldBe(ServerError.TopicNotFound);
    }

    [Fact]
    public async Task In_a_cluster_a_topic_is_where_its_owner_says_that_it_listens()
    {
        var links = TestLink.Connect("a", "b");
        foreach (var link in links)
        {
            link.See(links);
        }

        await using var first = await TestBroker.StartAsync(link: links[0]);
        await using var second = await TestBroker.StartAsync(new PulsarOptions { Advertised = "b.example:6650" }, link: links[1]);
        using var client = await first.ConnectAsync();
        string[] topics = [.. Enumerable.Range(0, 20).Select(static i => $"persistent://public/default/topic-{i}")];

        var found = new List<string>();
        foreach (var topic in topics)
        {
            found.Add((await LookupAsync(client, topic)).BrokerServiceUrl);
        }

        found.Distinct().ShouldBe([$"pulsar://127.0.0.1:{first.Address.Port}", "pulsar://b.example:6650"], ignoreOrder: true);
        var other = topics[found.IndexOf("pulsar://b.example:6650")];
        await client.SendAsync(new BaseCommand { Type = CommandType.Producer, Producer = new CommandProducer { Topic = other, ProducerId = 1, RequestId = 500 } });
        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Error.Error.ShouldBe(ServerError.ServiceNotReady);

        links[0].See(links[0]);
        (await LookupAsync(client, other)).BrokerServiceUrl.ShouldBe($"pulsar://127.0.0.1:{first.Address.Port}");
    }

    [Fact]
    public async Task An_owner_that_serves_no_clients_of_Pulsar_is_named()
    {
        var links = TestLink.Connect("a", "b");
        links[0].See(links);
        links[1].Handle(NodeTopic.PulsarAddress, static (_, _, _) => ValueTask.FromResult(ReadOnlyMemory<byte>.Empty));
        await using var broker = await TestBroker.StartAsync(link: links[0]);
        using var client = await broker.ConnectAsync();

        var answers = new List<CommandLookupTopicResponse>();
        for (var i = 0; i < 20; i++)
        {
            answers.Add(await LookupAsync(client, $"topic-{i}"));
        }

        answers.ShouldContain(static answer => answer.Response == 1);
        answers.Where(static answer => answer.Response == 2).ShouldAllBe(static answer => answer.Error == ServerError.ServiceNotReady && answer.Message.Contains("'b'"));
        answers.ShouldContain(static answer => answer.Response == 2);
    }

    private static async Task<CommandLookupTopicResponse> LookupAsync(RawClient client, string topic)
    {
        await client.SendAsync(new BaseCommand { Type = CommandType.Lookup, LookupTopic = new CommandLookupTopic { Topic = topic, RequestId = client.NextRequest() } });
        return (await client.ExpectAsync(CommandType.LookupResponse)).LookupTopicResponse;
    }

    private static async Task<CommandPartitionedTopicMetadataResponse> PartitionsAsync(RawClient client, string topic, bool isMade = true)
    {
        await client.SendAsync(new BaseCommand { Type = CommandType.PartitionedMetadata, PartitionMetadata = new CommandPartitionedTopicMetadata { Topic = topic, RequestId = client.NextRequest(), MetadataAutoCreationEnabled = isMade } });
        return (await client.ExpectAsync(CommandType.PartitionedMetadataResponse)).PartitionMetadataResponse;
    }

    private static async Task<IReadOnlyList<string>> TopicsAsync(RawClient client, string space, int mode)
    {
        await client.SendAsync(new BaseCommand { Type = CommandType.GetTopicsOfNamespace, GetTopicsOfNamespace = new CommandGetTopicsOfNamespace { Namespace = space, RequestId = client.NextRequest(), Mode = mode } });
        return (await client.ExpectAsync(CommandType.GetTopicsOfNamespaceResponse)).GetTopicsOfNamespaceResponse.Topics;
    }
}
