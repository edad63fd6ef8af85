using Virga.Core.Problems;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;

namespace Virga.Topics.Tests.Brokers;

public sealed class TopicLogTests
{
    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    private static readonly Virga.Topics.Brokers.TopicBrokerOptions SmallLedgers = BrokerFixture.Quiet with { Logs = new TopicLogOptions { MaxLedgerEntries = 10 } };

    [Fact]
    public async Task Entries_are_in_their_order_across_ledgers_and_after_a_restart()
    {
        await using var fixture = await BrokerFixture.StartAsync(SmallLedgers);
        var expected = await FillAsync(fixture, "a", 100);

        (await fixture.TextsAsync("a")).ShouldBe(expected);
        (await fixture.GetAsync("a")).Log!.Chain.Closed.Length.ShouldBeGreaterThan(3);
        await fixture.RestartAsync();
        (await fixture.TextsAsync("a")).ShouldBe(expected);
        (await FillAsync(fixture, "a", 10)).Count.ShouldBe(10);
        (await fixture.TextsAsync("a")).Count.ShouldBe(110);
    }

    [Fact]
    public async Task Who_reads_the_newest_entries_reads_no_disk()
    {
        await using var fixture = await BrokerFixture.StartAsync(SmallLedgers);
        var expected = await FillAsync(fixture, "a", 100);

        (await fixture.TextsAsync("a")).ShouldBe(expected);

        var figures = fixture.Broker.Services.Logs.Tails.Figures;
        (figures.Hits, figures.Misses).ShouldBe((100, 0));
    }

    [Fact]
    public async Task The_newest_entries_of_all_topics_share_one_bound_and_the_oldest_go_first()
    {
        var options = BrokerFixture.Quiet with { Logs = new TopicLogOptions { TailBytes = 1 << 20 } };
        await using var fixture = await BrokerFixture.StartAsync(options);
        var filler = new string('x', 4000);
        foreach (var topic in new[] { "a", "b", "c" })
        {
            var producer = await fixture.ProduceAsync(topic);
            await Task.WhenAll(Enumerable.Range(0, 150).Select(i => BrokerFixture.PublishAsync(producer, $"{i}{filler}")));
        }

        var tails = fixture.Broker.Services.Logs.Tails;
        tails.Bytes.ShouldBeLessThanOrEqualTo(1 << 20);
        var into = new List<LogEntry>();
        (await fixture.GetAsync("a")).Log!.TryRead(Position.Earliest, 1, 1, into).ShouldBeFalse();
        (await fixture.GetAsync("c")).Log!.TryRead(Position.Earliest, 1, 1, into).ShouldBeTrue();
        (await fixture.TextsAsync("a")).Count.ShouldBe(150);

        await (await fixture.GetAsync("c")).UnloadAsync(Cancellation);
        await (await fixture.GetAsync("b")).UnloadAsync(Cancellation);
        await (await fixture.GetAsync("a")).UnloadAsync(Cancellation);
        tails.Bytes.ShouldBe(0);
    }

    [Fact]
    public async Task An_entry_is_found_by_the_time_of_its_publishing()
    {
        await using var fixture = await BrokerFixture.StartAsync(SmallLedgers);
        var producer = await fixture.ProduceAsync("a");
        var began = TimeProvider.System.GetUtcNow();
        var positions = new List<Position>();
        for (var i = 0; i < 45; i++)
        {
            positions.Add(await BrokerFixture.PublishAsync(producer, $"{i}", at: began.AddSeconds(i)));
        }

        var log = (await fixture.GetAsync("a")).Log!;
        (await log.FindAsync(began.AddSeconds(-5), Cancellation)).ShouldBe(positions[0]);
        (await log.FindAsync(began.AddSeconds(30), Cancellation)).ShouldBe(positions[30]);
        (await log.FindAsync(began.AddSeconds(30.5), Cancellation)).ShouldBe(positions[31]);
        (await log.FindAsync(began.AddSeconds(60), Cancellation)).ShouldBe(log.After(log.Last));
    }

    [Fact]
    public async Task What_is_trimmed_is_gone_from_the_store_and_readers_go_on_behind_it()
    {
        await using var fixture = await BrokerFixture.StartAsync(SmallLedgers);
        await FillAsync(fixture, "a", 100);
        var log = (await fixture.GetAsync("a")).Log!;
        var third = log.Chain.Closed[2];

        (await log.TrimAsync(LedgerChain.LastOf(third), Cancellation)).ShouldBe(3);

        log.First.ShouldBe(new Position(log.Chain.Closed[0].Id, 0));
        log.Count(Position.Earliest, log.Last).ShouldBe(log.Chain.Entries);
        (await fixture.TextsAsync("a")).Count.ShouldBe((int)log.Chain.Entries);
        var stored = new List<long>();
        await foreach (var ledger in fixture.Ledgers.ListAsync(Cancellation))
        {
            stored.Add(ledger.Value);
        }

        stored.ShouldNotContain(third.Id);
    }

    [Fact]
    public async Task An_owner_that_was_fenced_publishes_nothing_more_and_gives_the_topic_up()
    {
        await using var fixture = await BrokerFixture.OpenAsync();
        var links = TestLink.Connect("a", "b");
        var (first, second) = (await fixture.AddAsync(links[0]), await fixture.AddAsync(links[1]));
        var name = BrokerFixture.Name("t");
        var sink = new TestProducerSink();
        var topic = await first.GetAsync(name, Virga.Topics.Brokers.TopicCreation.Always, Cancellation);
        var producer = await topic.ProduceAsync(new ProducerOptions { Name = "p" }, sink, Cancellation);
        await BrokerFixture.PublishAsync(producer, "before");

        // Neither sees the other: both think that they own it.
        var other = await second.GetAsync(name, Virga.Topics.Brokers.TopicCreation.Never, Cancellation);
        var refusal = await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(producer, "too late"));

        refusal.Problem.Slug.ShouldBe("topic-moved");
        await sink.WhenClosed.WaitAsync(Cancellation);
        await BrokerFixture.PublishAsync(await other.ProduceAsync(new ProducerOptions { Name = "p" }, new TestProducerSink(), Cancellation), "after");
        (await other.PeekAsync(Position.Earliest, 10, Cancellation)).Select(static entry => BrokerFixture.TextOf(entry.Data)).ShouldBe(["before", "after"]);
    }

    [Fact]
    public async Task An_owner_that_has_no_open_ledger_cannot_begin_one_when_it_was_replaced()
    {
        await using var fixture = await BrokerFixture.OpenAsync();
        var links = TestLink.Connect("a", "b");
        var (first, second) = (await fixture.AddAsync(links[0]), await fixture.AddAsync(links[1]));
        var name = BrokerFixture.Name("t");
        var topic = await first.GetAsync(name, Virga.Topics.Brokers.TopicCreation.Always, Cancellation);
        var producer = await topic.ProduceAsync(new ProducerOptions { Name = "p" }, new TestProducerSink(), Cancellation);

        await second.GetAsync(name, Virga.Topics.Brokers.TopicCreation.Never, Cancellation);

        (await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(producer, "too late"))).Problem.Slug.ShouldBe("topic-moved");
    }

    [Fact]
    public async Task A_terminated_topic_takes_nothing_more_and_stays_so()
    {
        await using var fixture = await BrokerFixture.StartAsync();
        var producer = await fixture.ProduceAsync("a");
        var last = await BrokerFixture.PublishAsync(producer, "last");

        (await (await fixture.GetAsync("a")).TerminateAsync(Cancellation)).ShouldBe(last);

        (await Should.ThrowAsync<ProblemException>(BrokerFixture.PublishAsync(producer, "too late"))).Problem.Slug.ShouldBe("topic-terminated");
        await fixture.RestartAsync();
        (await Should.ThrowAsync<ProblemException>(() => fixture.ProduceAsync("a"))).Problem.Slug.ShouldBe("topic-terminated");
        (await fixture.TextsAsync("a")).ShouldBe(["last"]);
    }

    private static async Task<List<string>> FillAsync(BrokerFixture fixture, string topic, int count)
    {
        var producer = await fixture.ProduceAsync(topic);
        foreach (var some in Enumerable.Range(0, count).Chunk(7))
        {
            await Task.WhenAll(some.Select(i => BrokerFixture.PublishAsync(producer, $"{i}")));
        }

        producer.Detach();
        return [.. Enumerable.Range(0, count).Select(static i => $"{i}")];
    }
}
