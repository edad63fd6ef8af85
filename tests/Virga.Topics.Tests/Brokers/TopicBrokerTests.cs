using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Schemas;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

public sealed class TopicBrokerTests
{
    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    [Fact]
    public async Task A_topic_that_does_not_exist_is_made_where_the_policy_says_so()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var name = BrokerFixture.Name("acme/orders/new");
        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfNamespace("acme", "orders"), new TopicPolicies { AutoCreation = new AutoCreation(false) }, 0, Cancellation);

        await ShouldBeAsync("not-found", fixture.Broker.GetAsync(name, TopicCreation.Never, Cancellation));
        await ShouldBeAsync("not-found", fixture.Broker.GetAsync(name, TopicCreation.AsPolicySays, Cancellation));
        (await fixture.Broker.PartitionsAsync(name, TopicCreation.AsPolicySays, Cancellation)).ShouldBeNull();

        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfNamespace("acme", "orders"), new TopicPolicies { AutoCreation = new AutoCreation(true, 3) }, 1, Cancellation);

        (await fixture.Broker.PartitionsAsync(name, TopicCreation.AsPolicySays, Cancellation)).ShouldBe(3);
        (await fixture.Broker.GetAsync(name.OfPartition(2), TopicCreation.Never, Cancellation)).Name.Partition.ShouldBe(2);
        await ShouldBeAsync("not-found", fixture.Broker.GetAsync(name.OfPartition(3), TopicCreation.Always, Cancellation));
        await ShouldBeAsync("invalid-request", fixture.Broker.GetAsync(name, TopicCreation.Always, Cancellation));
    }

    [Fact]
    public async Task A_partitioned_topic_grows_and_does_not_shrink()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var name = BrokerFixture.Name("t");
        var changed = new List<TopicName>();
        fixture.Broker.Changed += changed.Add;
        await fixture.Broker.CreateAsync(name, 2, Cancellation);
        await ShouldBeAsync("conflict", fixture.Broker.CreateAsync(name, 2, Cancellation));

        await fixture.Broker.GrowAsync(name, 5, Cancellation);

        (await fixture.Broker.PartitionsAsync(name, TopicCreation.Never, Cancellation)).ShouldBe(5);
        await ShouldBeAsync("conflict", fixture.Broker.GrowAsync(name, 4, Cancellation));
        changed.ShouldBe([name, name]);
    }

    [Fact]
    public async Task Topics_are_listed_as_wholes_a_page_at_a_time()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        foreach (var (name, partitions) in new[] { ("b", 0), ("a", 3), ("c", 0) })
        {
            await fixture.Broker.CreateAsync(BrokerFixture.Name($"acme/orders/{name}"), partitions, Cancellation);
        }

        await fixture.Broker.CreateAsync(BrokerFixture.Name("non-persistent://acme/orders/d"), 0, Cancellation);
        await fixture.Broker.CreateAsync(BrokerFixture.Name("acme/other/e"), 0, Cancellation);
        await fixture.GetAsync("acme/orders/a-partition-1");

        var names = new List<string>();
        string? after = null;
        do
        {
            var page = await fixture.Broker.ListAsync("acme", "orders", after, 2, Cancellation);
            page.Topics.Count.ShouldBeLessThanOrEqualTo(2);
            names.AddRange(page.Topics.Select(static topic => $"{topic.Name.Local}{topic.Partitions}"));
            after = page.Next;
        }
        while (after is not null);

        names.ShouldBe(["d0", "a3", "b0", "c0"]);
        (await fixture.Broker.TenantsAsync(Cancellation)).ShouldBe(["acme"]);
        (await fixture.Broker.NamespacesAsync("acme", Cancellation)).ShouldBe(["orders", "other"]);
    }

    [Fact]
    public async Task A_topic_in_use_is_deleted_by_force_only_and_can_be_made_anew()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var sink = new TestProducerSink();
        var producer = await fixture.ProduceAsync("t", sink: sink);
        await BrokerFixture.PublishAsync(producer, "old");
        var name = BrokerFixture.Name("t");

        await ShouldBeAsync("conflict", fixture.Broker.DeleteAsync(name, force: false, Cancellation));
        await fixture.Broker.DeleteAsync(name, force: true, Cancellation);

        (await sink.WhenClosed.WaitAsync(Cancellation)).ShouldBe(CloseReason.Deleted);
        await ShouldBeAsync("not-found", fixture.Broker.GetAsync(name, TopicCreation.Never, Cancellation));
        await ShouldBeAsync("not-found", fixture.Broker.DeleteAsync(name, force: false, Cancellation));
        (await CountLedgersAsync(fixture)).ShouldBe(0);
        (await fixture.TextsAsync("t")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Those_who_open_a_topic_at_once_share_one_opening()
    {
        await using var fixture = await BrokerFixture.StartAsync();

        var topics = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () => await fixture.GetAsync("t"))));

        topics.Distinct().Count().ShouldBe(1);
        topics[0].Log!.Record.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task A_topic_that_nobody_uses_leaves_the_memory_and_comes_back_with_what_it_had()
    {
        var time = new ManualTime();
        await using var fixture = await BrokerFixture.StartAsync(time: time);
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "kept");
        time.Advance(TimeSpan.FromHours(1));
        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);
        fixture.Broker.Open.Count.ShouldBe(1);

        producer.Detach();
        time.Advance(TimeSpan.FromHours(1));
        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);

        fixture.Broker.Open.ShouldBeEmpty();
        (await fixture.TextsAsync("t")).ShouldBe(["kept"]);
    }

    [Fact]
    public async Task Topics_that_nobody_uses_take_next_to_no_memory()
    {
        // The stores' own buffers, some 12 MB, are in it; what a topic takes in memory, some 7,000 bytes, is not to be.
        var (_, idle) = await ManyIdleTopics.MeasureAsync(2500);

        idle.ShouldBeLessThan(9000);
    }

    [Fact]
    public async Task When_the_owner_changes_producers_are_told_and_the_new_owner_has_everything()
    {
        await using var fixture = await BrokerFixture.OpenAsync();
        var links = TestLink.Connect("a", "b");
        var brokers = new List<TopicBroker>();
        foreach (var link in links)
        {
            link.See(links);
            brokers.Add(await fixture.AddAsync(link));
        }

        var name = Enumerable.Range(0, 100).Select(static i => BrokerFixture.Name($"t{i}")).First(topic => brokers[0].IsMine(topic));
        await ShouldBeAsync("topic-moved", brokers[1].GetAsync(name, TopicCreation.Always, Cancellation));
        var topic = await brokers[0].GetAsync(name, TopicCreation.Always, Cancellation);
        var sink = new TestProducerSink();
        await BrokerFixture.PublishAsync(await topic.ProduceAsync(new ProducerOptions { Name = "p" }, sink, Cancellation), "before");

        links[0].See(links[1]);
        links[1].See(links[1]);

        (await sink.WhenClosed.WaitAsync(Cancellation)).ShouldBe(CloseReason.Moved);
        var moved = await brokers[1].GetAsync(name, TopicCreation.Never, Cancellation);
        (await moved.PeekAsync(Position.Earliest, 10, Cancellation)).Select(static entry => BrokerFixture.TextOf(entry.Data)).ShouldBe(["before"]);
        var refusal = await Should.ThrowAsync<ProblemException>(async () => await brokers[0].GetAsync(name, TopicCreation.Never, Cancellation));
        refusal.Problem.Extensions!["owner"].ShouldBe("b");
    }

    [Fact]
    public async Task A_partitioned_topic_is_deleted_on_all_its_owners()
    {
        await using var fixture = await BrokerFixture.OpenAsync();
        var links = TestLink.Connect("a", "b");
        var brokers = new List<TopicBroker>();
        foreach (var link in links)
        {
            link.See(links);
            brokers.Add(await fixture.AddAsync(link));
        }

        var name = BrokerFixture.Name("t");
        await brokers[0].CreateAsync(name, 8, Cancellation);
        var sinks = new List<TestProducerSink>();
        for (var i = 0; i < 8; i++)
        {
            var owner = brokers.Single(broker => broker.IsMine(name.OfPartition(i)));
            sinks.Add(new TestProducerSink());
            var producer = await (await owner.GetAsync(name.OfPartition(i), TopicCreation.Never, Cancellation)).ProduceAsync(new ProducerOptions(), sinks[i], Cancellation);
            await BrokerFixture.PublishAsync(producer, "x");
        }

        brokers.ShouldAllBe(static broker => broker.Open.Count > 0);
        await ShouldBeAsync("conflict", brokers[1].DeleteAsync(name, force: false, Cancellation));

        await brokers[1].DeleteAsync(name, force: true, Cancellation);

        (await Task.WhenAll(sinks.Select(static sink => sink.WhenClosed))).ShouldAllBe(static reason => reason == CloseReason.Deleted);
        brokers.ShouldAllBe(static broker => broker.Open.Count == 0);
        (await CountLedgersAsync(fixture)).ShouldBe(0);
        (await fixture.Metadata.ListAsync("partition/", null, 10, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_ledger_that_no_topic_names_is_deleted_when_the_grace_is_over()
    {
        var time = new ManualTime();
        await using var fixture = await BrokerFixture.OpenAsync(time: time);
        await using (await fixture.Ledgers.CreateAsync(await fixture.Metadata.NextLedgerAsync(Cancellation), new(1), Cancellation))
        {
            // What a crash leaves that comes before the record names it.
        }

        var broker = await fixture.AddAsync(TestLink.Connect("a")[0]);
        var topic = await broker.GetAsync(BrokerFixture.Name("t"), TopicCreation.Always, Cancellation);
        await BrokerFixture.PublishAsync(await topic.ProduceAsync(new ProducerOptions(), new TestProducerSink(), Cancellation), "kept");
        await broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);
        (await CountLedgersAsync(fixture)).ShouldBe(2);

        time.Advance(TimeSpan.FromMinutes(2));
        await broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);

        (await CountLedgersAsync(fixture)).ShouldBe(1);
        (await topic.PeekAsync(Position.Earliest, 10, Cancellation)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Versions_of_a_schema_are_the_topics_as_a_whole()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var name = BrokerFixture.Name("t");
        await fixture.Broker.CreateAsync(name, 2, Cancellation);
        var first = (await fixture.GetAsync("t-partition-0")).Schemas;
        var second = (await fixture.GetAsync("t-partition-1")).Schemas;
        var json = new SchemaDefinition("s", 2, "{}"u8.ToArray(), []);

        (await first.AddAsync(json, SchemaCompatibility.Always, Cancellation)).Version.ShouldBe(0);
        (await second.AddAsync(json, SchemaCompatibility.Always, Cancellation)).Version.ShouldBe(0);
        (await second.AddAsync(json with { Data = "[]"u8.ToArray() }, SchemaCompatibility.Always, Cancellation)).Version.ShouldBe(1);
        await ShouldBeAsync("schema-incompatible", first.AddAsync(json with { Type = 4, Data = "\"string\""u8.ToArray() }, SchemaCompatibility.Full, Cancellation));

        (await first.GetAsync(null, Cancellation))!.Version.ShouldBe(1);
        (await first.FindAsync(json, Cancellation))!.Version.ShouldBe(0);
        await first.DeleteAsync(Cancellation);
        (await first.GetAsync(null, Cancellation)).ShouldBeNull();
    }

    private static async Task ShouldBeAsync<T>(string slug, ValueTask<T> task) => (await Should.ThrowAsync<ProblemException>(task.AsTask())).Problem.Slug.ShouldBe(slug);

    private static async Task ShouldBeAsync(string slug, ValueTask task) => (await Should.ThrowAsync<ProblemException>(task.AsTask())).Problem.Slug.ShouldBe(slug);

    private static async Task<int> CountLedgersAsync(BrokerFixture fixture)
    {
        var count = 0;
        await foreach (var _ in fixture.Ledgers.ListAsync(Cancellation))
        {
            count++;
        }

        return count;
    }
}
