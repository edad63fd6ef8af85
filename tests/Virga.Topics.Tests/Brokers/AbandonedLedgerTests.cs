using Virga.Topics.Brokers;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;

namespace Virga.Topics.Tests.Brokers;

/// <summary>What becomes of ledgers that no topic names, in a store that several nodes share.</summary>
public sealed class AbandonedLedgerTests
{
    private static readonly TimeSpan s_grace = TimeSpan.FromMinutes(10);

    private readonly ManualTime _time = new();
    private FaultyStore _store = null!;

    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    [Fact]
    public async Task A_ledger_that_was_left_before_it_was_named_is_collected_once_long_enough_nobody_has_touched_it()
    {
        await using var fixture = await StartAsync();
        var unnamed = Unnamed(fixture);
        var left = await unnamed.BeginAsync(Cancellation);
        await (await _store.CreateAsync(left.Id, new WriterEpoch(1), Cancellation)).DisposeAsync();
        await LookAsync(fixture, TimeSpan.Zero);
        left = await unnamed.TouchAsync(left, Cancellation);
        await LookAsync(fixture, s_grace / 2);
        await LookAsync(fixture, s_grace / 2);
        (await LedgersAsync(fixture)).ShouldBe([left.Id]);

        await LookAsync(fixture, s_grace / 2);

        (await LedgersAsync(fixture)).ShouldBeEmpty();
        (await unnamed.ListAsync(null, 10, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Whoever_is_so_slow_that_its_ledger_was_collected_cannot_name_it_and_loses_nothing()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "a");
        var log = (await fixture.GetAsync("t")).Log!;
        var slow = await Unnamed(fixture).BeginAsync(Cancellation);
        await LookAsync(fixture, TimeSpan.Zero);
        await LookAsync(fixture, s_grace);
        var before = log.Record;

        await Should.ThrowAsync<MetadataConflictException>(
            log.ChangeAsync(record => record with { Ledgers = [.. record.Ledgers, new LedgerRecord { Id = slow.Id.Value }] }, () => Unnamed(fixture).Naming(slow), Cancellation).AsTask());

        log.Record.ShouldBe(before);
        (await fixture.TextsAsync("t")).ShouldBe(["a"]);
    }

    [Fact]
    public async Task Ledgers_whose_deletion_was_broken_off_are_collected()
    {
        await using var fixture = await StartAsync();
        var topic = await fixture.GetAsync("t");
        var producer = await fixture.ProduceAsync("t");
        await BrokerFixture.PublishAsync(producer, "a", key: "k");
        await topic.CompactAsync(Cancellation);
        _store.RefusesToDelete = true;
        (await Should.ThrowAsync<Core.Problems.ProblemException>(topic.TruncateAsync(Cancellation).AsTask())).Problem.Slug.ShouldBe("ledgers-unavailable");
        _store.RefusesToDelete = false;
        (await LedgersAsync(fixture)).Count.ShouldBe(2);

        await fixture.RestartAsync();
        await LookAsync(fixture, TimeSpan.Zero);
        await LookAsync(fixture, s_grace);

        (await LedgersAsync(fixture)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Ledgers_that_are_named_are_left_alone_and_nothing_is_left_of_their_making()
    {
        await using var fixture = await StartAsync();
        var topic = await fixture.GetAsync("t");
        var producer = await fixture.ProduceAsync("t");
        for (var i = 0; i < 12; i++)
        {
            await BrokerFixture.PublishAsync(producer, $"{i}", key: $"{i % 3}");
        }

        await topic.CompactAsync(Cancellation);
        await BrokerFixture.PublishAsync(producer, "12", key: "0");
        await topic.CompactAsync(Cancellation);
        (await Unnamed(fixture).ListAsync(null, 10, Cancellation)).ShouldBeEmpty();
        await LookAsync(fixture, TimeSpan.Zero);
        await LookAsync(fixture, s_grace);

        (await fixture.TextsAsync("t")).ShouldBe(Enumerable.Range(0, 13).Select(static i => $"{i}"));
        (await LedgersAsync(fixture)).Count.ShouldBe(topic.Log!.Record.Ledgers.Count + 1);
        await topic.TruncateAsync(Cancellation);
        (await Unnamed(fixture).ListAsync(null, 10, Cancellation)).ShouldBeEmpty();
        await fixture.Broker.DeleteAsync(topic.Name, force: true, Cancellation);
        (await LedgersAsync(fixture)).ShouldBeEmpty();
        (await Unnamed(fixture).ListAsync(null, 10, Cancellation)).ShouldBeEmpty();
    }

    private static async Task<IReadOnlyList<LedgerId>> LedgersAsync(BrokerFixture fixture)
    {
        var found = new List<LedgerId>();
        await foreach (var ledger in fixture.Ledgers.ListAsync(Cancellation))
        {
            found.Add(ledger);
        }

        return found;
    }

    private UnnamedLedgers Unnamed(BrokerFixture fixture) => new(_store, fixture.Metadata);

    private Task<BrokerFixture> StartAsync() => BrokerFixture.StartAsync(
        BrokerFixture.Quiet with { AbandonedGrace = s_grace, Logs = new TopicLogOptions { MaxLedgerEntries = 5 } }, _time, over: ledgers => _store = new FaultyStore(ledgers) { Shared = true });

    private async Task LookAsync(BrokerFixture fixture, TimeSpan after)
    {
        _time.Advance(after);
        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(1), Cancellation);
    }
}
