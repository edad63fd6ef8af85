using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class CursorNoteTests
{
    [Fact]
    public void A_note_is_as_durable_as_the_acknowledgements_that_it_came_with() => SubscriptionBench.Run(async bench =>
    {
        var first = bench.Publish("a");
        bench.Publish("b");
        var left = bench.Attach(await bench.OpenAsync());
        left.Consumer.Note.ShouldBe("");
        left.Consumer.Acknowledge([new BatchAck(first)], "here");
        await left.Consumer.AcknowledgedAsync(CancellationToken.None);

        // As after a crash: another reads what is stored.
        var subscription = await bench.OpenAsync();

        bench.Attach(subscription).Consumer.Note.ShouldBe("here");
        subscription.MarkDeleted.ShouldBe(first);
    });

    [Fact]
    public void A_note_alone_is_kept_too() => SubscriptionBench.Run(async bench =>
    {
        var consumer = bench.Attach(await bench.OpenAsync()).Consumer;
        consumer.Acknowledge([], "begun");
        await consumer.AcknowledgedAsync(CancellationToken.None);

        bench.Attach(await bench.OpenAsync()).Consumer.Note.ShouldBe("begun");
    });

    [Fact]
    public void Acknowledgements_without_a_note_leave_it_and_a_seek_forgets_it() => SubscriptionBench.Run(async bench =>
    {
        var first = bench.Publish("a");
        var subscription = await bench.OpenAsync();
        var consumer = bench.Attach(subscription).Consumer;
        consumer.Acknowledge([], "here");
        consumer.Acknowledge([new BatchAck(first)]);
        consumer.Note.ShouldBe("here");

        await subscription.SeekAsync(new MessageId(Position.Earliest), CancellationToken.None);

        bench.Attach(subscription).Consumer.Note.ShouldBe("");
        bench.Attach(await bench.OpenAsync()).Consumer.Note.ShouldBe("");
    });
}
