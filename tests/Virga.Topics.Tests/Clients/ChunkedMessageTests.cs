using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;
using Virga.Topics.Tests.Brokers;
using static Virga.Topics.Tests.Clients.ClientFixture;

namespace Virga.Topics.Tests.Clients;

/// <summary>What becomes of messages that come in chunks of which some do not come.</summary>
public sealed class ChunkedMessageTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(200);

    // Longer than a busy machine pauses between two chunks that are there.
    private static readonly TimeSpan s_safe = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_long = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(SubscriptionType.Exclusive)]
    [InlineData(SubscriptionType.Shared)]
    public async Task The_chunks_of_a_producer_that_has_died_are_acknowledged_after_a_while(SubscriptionType type)
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.Brokers.ProduceAsync("t");
        var film = Chunks(1);
        await PublishAsync(producer, film[0], film[1]);
        await fixture.PublishAsync("t", "a");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s", type) with { Chunks = new ChunkLimits { Patience = s_short } });

        (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);

        await UntilAsync(() => consumer.Backlog == 0);
    }

    [Fact]
    public async Task A_producer_that_goes_on_in_time_loses_nothing()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.Brokers.ProduceAsync("t");
        var film = Chunks(1);
        await PublishAsync(producer, film[0], film[1]);
        await fixture.PublishAsync("t", "a");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s") with { Chunks = new ChunkLimits { Patience = s_long } });
        (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);
        await consumer.AcknowledgedAsync(Cancellation);
        consumer.Backlog.ShouldBe(2);

        await PublishAsync(producer, film[2]);
        var whole = (await TakeAsync(consumer, 1))[0];
        whole.Payload.Length.ShouldBe(1000);
        consumer.Backlog.ShouldBe(3);
        consumer.Acknowledge(whole);

        await UntilAsync(() => consumer.Backlog == 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Chunks_whose_first_one_lies_before_the_subscription_are_acknowledged(int hoursOld)
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.Brokers.ProduceAsync("t");
        var film = await PublishAsync(producer, [.. Chunks(1, TimeProvider.System.GetUtcNow().AddHours(-hoursOld))]);
        await fixture.PublishAsync("t", "a");
        var options = Subscription("s");

        // What is old needs no waiting: the rest of it would have come.
        options = options with { Consumer = options.Consumer with { Start = new MessageId(film[1]) }, Chunks = new ChunkLimits { Patience = hoursOld > 0 ? TimeSpan.FromMinutes(30) : s_short } };
        await using var consumer = await fixture.SubscribeAsync("t", options);

        (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);

        await UntilAsync(() => consumer.Backlog == 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_too_many_incomplete_messages_the_oldest_is_acknowledged_or_comes_again(bool acknowledges)
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.Brokers.ProduceAsync("t");
        var (first, second) = (Chunks(1), Chunks(2));
        await PublishAsync(producer, first[0], second[0], second[1], second[2], first[1], first[2]);
        var options = Subscription("s") with { Chunks = new ChunkLimits { Patience = s_long, MaxMessages = 1, AcknowledgesOldest = acknowledges } };
        await using (var consumer = await fixture.SubscribeAsync("t", options))
        {
            var whole = (await TakeAsync(consumer, 1))[0];
            whole.Payload.ToArray().ShouldBe(Film(2).Payload.ToArray());
            consumer.Acknowledge(whole);
            await fixture.PublishAsync("t", "a");
            (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);
            await consumer.AcknowledgedAsync(Cancellation);
            await UntilAsync(() => consumer.Backlog == (acknowledges ? 0 : 3));
        }

        await using var next = await fixture.SubscribeAsync("t", options);
        await fixture.PublishAsync("t", "b");
        var messages = await TakeAsync(next, acknowledges ? 1 : 2);

        messages.Select(static message => message.Payload.ToArray()).ShouldBe(acknowledges ? ["b"u8.ToArray()] : [Film(1).Payload.ToArray(), "b"u8.ToArray()]);
    }

    [Fact]
    public async Task A_chunk_from_the_end_of_time_disturbs_nobody()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.Brokers.ProduceAsync("t");
        await PublishAsync(producer, Chunks(1, DateTimeOffset.MaxValue)[1]);
        await fixture.PublishAsync("t", "a");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s") with { Chunks = new ChunkLimits { Patience = s_short } });

        (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);
        await UntilAsync(() => consumer.Backlog == 0);
    }

    [Fact]
    public async Task Chunks_are_waited_for_unless_it_is_said_how_long()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.Brokers.ProduceAsync("t");
        var film = Chunks(1, TimeProvider.System.GetUtcNow().AddDays(-1));
        await PublishAsync(producer, film[1]);
        await fixture.PublishAsync("t", "a");
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s"));

        (await ConsumeAsync(consumer, 1)).ShouldBe(["a"]);
        await consumer.AcknowledgedAsync(Cancellation);

        consumer.Backlog.ShouldBe(1);
    }

    [Fact]
    public async Task A_message_that_its_producer_sends_anew_is_consumed_once_and_its_first_try_is_acknowledged()
    {
        await using var fixture = await StartAsync();
        var producer = await fixture.Brokers.ProduceAsync("t");
        var film = Chunks(1);
        await PublishAsync(producer, film[0], film[1], film[0], film[1], film[2]);
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s") with { Chunks = new ChunkLimits { Patience = s_safe } });
        var whole = (await TakeAsync(consumer, 1))[0];

        await UntilAsync(() => consumer.Backlog == 3);
        consumer.Acknowledge(whole);

        await UntilAsync(() => consumer.Backlog == 0);
    }

    private static OutgoingMessage Film(int seed)
    {
        var payload = new byte[1000];
        new Random(seed).NextBytes(payload);
        return new OutgoingMessage { Payload = payload };
    }

    private static IReadOnlyList<byte[]> Chunks(int seed, DateTimeOffset? at = null) => MessageWriter.WriteChunks(Film(seed), $"p{seed}", seed, at ?? TimeProvider.System.GetUtcNow(), 400);

    private static async Task<IReadOnlyList<Position>> PublishAsync(Producer producer, params byte[][] chunks)
    {
        var positions = new List<Position>();
        foreach (var chunk in chunks)
        {
            var publish = new TestPublish { Data = chunk };
            producer.Publish(publish);
            positions.Add(await publish.End);
        }

        return positions;
    }
}
