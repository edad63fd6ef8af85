using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

public sealed class TopicUpkeepTests
{
    private static readonly SubscriptionName S = SubscriptionName.Parse("s");

    private readonly ManualTime _time = new();

    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    [Fact]
    public async Task What_everybody_has_acknowledged_goes_and_what_one_has_not_stays()
    {
        await using var fixture = await StartAsync(new TopicPolicies());
        var (topic, positions) = await FillAsync(fixture, 35);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Earliest), [], Cancellation);

        await RoundAsync(fixture);
        (await fixture.TextsAsync("t")).Count.ShouldBe(35);

        await topic.Find(S)!.SkipAsync(25, Cancellation);
        await RoundAsync(fixture);

        // Whole ledgers only.
        topic.Log!.First.ShouldBeLessThanOrEqualTo(positions[25]);
        topic.Log.First.ShouldBeGreaterThan(positions[10]);
        topic.Find(S)!.Backlog.ShouldBe(10);
    }

    [Fact]
    public async Task A_ledger_that_any_record_names_is_no_orphan()
    {
        await using var fixture = await BrokerFixture.StartAsync(BrokerFixture.Quiet with { OrphanGrace = TimeSpan.Zero });
        await BrokerFixture.PublishAsync(await fixture.ProduceAsync("t"), "m");
        await (await fixture.GetAsync("t")).UnloadAsync(Cancellation);
        var key = TopicRecord.KeyOf(BrokerFixture.Name("t"));
        var record = (await fixture.Metadata.GetAsync(key, Cancellation))!.Value.Bytes;

        // As a version would leave it that allows other names.
        await fixture.Metadata.WriteAsync([new MetadataWrite(key, null, null), new MetadataWrite("topic/a/name/that/is/none", record, null)], Cancellation);
        await fixture.RestartAsync();
        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);

        var ledgers = new List<long>();
        await foreach (var ledger in fixture.Ledgers.ListAsync(Cancellation))
        {
            ledgers.Add(ledger.Value);
        }

        ledgers.ShouldBe(TopicRecord.Read(record).Ledgers.Select(static ledger => ledger.Id));
    }

    [Fact]
    public async Task Acknowledged_messages_are_kept_for_as_long_as_the_retention_says()
    {
        await using var fixture = await StartAsync(new TopicPolicies { Retention = new RetentionLimits(3600, -1) });
        var (topic, _) = await FillAsync(fixture, 35);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Latest), [], Cancellation);
        _time.Advance(TimeSpan.FromMinutes(20));
        await RoundAsync(fixture);
        (await fixture.TextsAsync("t")).Count.ShouldBe(35);

        _time.Advance(TimeSpan.FromMinutes(70));
        await RoundAsync(fixture);

        (await fixture.TextsAsync("t")).ShouldBeEmpty();
        (topic.Log!.First > topic.Last).ShouldBeTrue();
        await FillAsync(fixture, 1);
        (await fixture.TextsAsync("t")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_topic_without_a_subscription_keeps_its_messages_for_a_while()
    {
        await using var fixture = await StartAsync(new TopicPolicies());
        await FillAsync(fixture, 35);
        _time.Advance(TimeSpan.FromMinutes(30));
        await RoundAsync(fixture);
        (await fixture.TextsAsync("t")).Count.ShouldBe(35);

        _time.Advance(TimeSpan.FromHours(2));
        await RoundAsync(fixture);

        (await fixture.TextsAsync("t")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_that_nobody_acknowledged_in_time_counts_as_acknowledged()
    {
        await using var fixture = await StartAsync(new TopicPolicies { TtlSeconds = 60 });
        var (topic, _) = await FillAsync(fixture, 20);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Earliest), [], Cancellation);
        _time.Advance(TimeSpan.FromSeconds(40));
        await FillAsync(fixture, 5);
        await RoundAsync(fixture);
        topic.Find(S)!.Backlog.ShouldBe(25);

        _time.Advance(TimeSpan.FromSeconds(40));
        await RoundAsync(fixture);

        topic.Find(S)!.Backlog.ShouldBe(5);
    }

    [Fact]
    public async Task A_topic_that_is_not_in_memory_expires_too()
    {
        await using var fixture = await StartAsync(new TopicPolicies { TtlSeconds = 60 });
        var (topic, _) = await FillAsync(fixture, 20);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Earliest), [], Cancellation);
        await topic.UnloadAsync(Cancellation);
        _time.Advance(TimeSpan.FromHours(1));

        await RoundAsync(fixture);

        fixture.Broker.Open.ShouldBeEmpty();
        var ledgers = new List<long>();
        await foreach (var ledger in fixture.Ledgers.ListAsync(Cancellation))
        {
            ledgers.Add(ledger.Value);
        }

        ledgers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_backlog_over_its_quota_refuses_publishing_until_it_is_worked_off()
    {
        await using var fixture = await StartAsync(new TopicPolicies { BacklogQuota = new BacklogQuota(1000, 0, BacklogAction.Hold) });
        var (topic, _) = await FillAsync(fixture, 100);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Earliest), [], Cancellation);
        var producer = await fixture.ProduceAsync("t");
        await RoundAsync(fixture);

        (await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(producer, "x"))).Problem.Slug.ShouldBe("backlog-exceeded");
        (await Should.ThrowAsync<ProblemException>(() => fixture.ProduceAsync("t", "other"))).Problem.Slug.ShouldBe("backlog-exceeded");

        await topic.Find(S)!.ClearAsync(Cancellation);
        await RoundAsync(fixture);
        await BrokerFixture.PublishAsync(producer, "x");
    }

    [Fact]
    public async Task A_backlog_over_its_quota_is_evicted_where_the_policy_says_so()
    {
        await using var fixture = await StartAsync(new TopicPolicies { BacklogQuota = new BacklogQuota(1000, 0, BacklogAction.Evict) });
        var (topic, _) = await FillAsync(fixture, 100);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Earliest), [], Cancellation);

        await RoundAsync(fixture);

        topic.Find(S)!.Backlog.ShouldBeInRange(5, 40);
        topic.Log!.Chain.BytesBehind(topic.Find(S)!.MarkDeleted).ShouldBeLessThanOrEqualTo(1000);
        await FillAsync(fixture, 1);
    }

    [Fact]
    public async Task A_subscription_that_nobody_uses_expires()
    {
        await using var fixture = await StartAsync(new TopicPolicies { SubscriptionExpirySeconds = 3600 });
        var (topic, _) = await FillAsync(fixture, 1);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Latest), [], Cancellation);
        var used = new ConsumerOptions { Subscription = SubscriptionName.Parse("used") };
        await topic.SubscribeAsync(used, new TestConsumerSink(), Cancellation);
        _time.Advance(TimeSpan.FromHours(2));

        await RoundAsync(fixture);

        topic.ListSubscriptions().Select(static subscription => subscription.Name.Value).ShouldBe(["used"]);
        (await fixture.Metadata.ListAsync("cursor/", null, 10, Cancellation)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_topic_that_nobody_uses_is_deleted_where_the_policy_says_so()
    {
        await using var fixture = await StartAsync(new TopicPolicies { InactiveTopics = new InactiveTopics(true, 600) });
        await FillAsync(fixture, 1);
        await fixture.Broker.CreateAsync(BrokerFixture.Name("never-used"), 0, Cancellation);
        _time.Advance(TimeSpan.FromMinutes(5));
        await RoundAsync(fixture);
        (await fixture.Broker.ListAsync("default", "default", null, 10, Cancellation)).Topics.Count.ShouldBe(2);

        _time.Advance(TimeSpan.FromMinutes(20));
        await RoundAsync(fixture);

        (await fixture.Broker.ListAsync("default", "default", null, 10, Cancellation)).Topics.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_topic_that_keeps_nothing_and_that_nobody_asked_for_goes_when_nobody_uses_it(bool isRestarted)
    {
        await using var fixture = await BrokerFixture.StartAsync(BrokerFixture.Quiet, _time);
        await fixture.Broker.CreateAsync(BrokerFixture.Name("non-persistent://default/default/asked-for"), 0, Cancellation);
        await fixture.Broker.GetAsync(BrokerFixture.Name("kept"), TopicCreation.AsPolicySays, Cancellation);
        var passing = await fixture.Broker.GetAsync(BrokerFixture.Name("non-persistent://default/default/passing"), TopicCreation.AsPolicySays, Cancellation);
        var consumer = await passing.SubscribeAsync(new ConsumerOptions { Subscription = S }, new TestConsumerSink(), Cancellation);
        _time.Advance(TimeSpan.FromHours(1));
        await RoundAsync(fixture);
        (await NamesAsync(fixture)).ShouldBe(["asked-for", "passing", "kept"]);

        consumer.Detach();
        if (isRestarted)
        {
            await fixture.RestartAsync();
        }
        else
        {
            _time.Advance(TimeSpan.FromHours(1));
        }

        await RoundAsync(fixture);

        (await NamesAsync(fixture)).ShouldBe(["asked-for", "kept"]);
    }

    [Fact]
    public async Task What_a_reader_has_left_holds_nothing_back()
    {
        await using var fixture = await StartAsync(new TopicPolicies());
        var (topic, _) = await FillAsync(fixture, 35);
        await topic.CreateSubscriptionAsync(S, new MessageId(Position.Latest), [], Cancellation);
        var reader = new ConsumerOptions { Subscription = SubscriptionName.Parse("reader"), IsDurable = false, Start = new MessageId(Position.Earliest) };
        var consumer = await topic.SubscribeAsync(reader, new TestConsumerSink(), Cancellation);
        await RoundAsync(fixture);
        (await fixture.TextsAsync("t")).Count.ShouldBe(35);

        consumer.Detach();
        await RoundAsync(fixture);

        topic.ListSubscriptions().Count.ShouldBe(1);
        (await fixture.TextsAsync("t")).Count.ShouldBeLessThan(10);
    }

    [Fact]
    public async Task Policies_of_a_topic_win_over_those_of_its_namespace_and_hold_at_once()
    {
        await using var fixture = await StartAsync(new TopicPolicies());
        var (topic, _) = await FillAsync(fixture, 1);
        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfNamespace("default", "default"), new TopicPolicies { TtlSeconds = 5, MaxProducers = 7 }, 0, Cancellation);
        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfTopic(topic.Name), new TopicPolicies { TtlSeconds = 9 }, 0, Cancellation);

        (topic.Policies.TtlSeconds, topic.Policies.MaxProducers).ShouldBe((9, 7));
        (await Should.ThrowAsync<ProblemException>(async () => await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfTopic(topic.Name), new TopicPolicies(), 0, Cancellation)))
            .Problem.Slug.ShouldBe("stale-version");
    }

    private Task<BrokerFixture> StartAsync(TopicPolicies policies) =>
        BrokerFixture.StartAsync(BrokerFixture.Quiet with { IdleTime = TimeSpan.FromDays(1), Policies = policies, Logs = new TopicLogOptions { MaxLedgerEntries = 5 } }, _time);

    private static Task RoundAsync(BrokerFixture fixture) => fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);

    private async Task<(Topic Topic, List<Position> Positions)> FillAsync(BrokerFixture fixture, int count)
    {
        var producer = await fixture.ProduceAsync("t");
        var positions = new List<Position>();
        for (var i = 0; i < count; i++)
        {
            positions.Add(await BrokerFixture.PublishAsync(producer, $"{i}", at: _time.GetUtcNow()));
        }

        producer.Detach();
        return (await fixture.GetAsync("t"), positions);
    }

    private static async Task<IEnumerable<string>> NamesAsync(BrokerFixture fixture) =>
        (await fixture.Broker.ListAsync("default", "default", null, 10, Cancellation)).Topics.Select(static topic => topic.Name.Local);
}
