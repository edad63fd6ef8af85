using Virga.Streams.Lanes;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Streams.Tests.Lanes;

public sealed class AckBookTests
{
    private static readonly Position s_entry = new(1, 5);

    [Fact]
    public void An_entry_of_one_message_is_acknowledged_whole()
    {
        var acks = new List<BatchAck>();
        new AckBook().Add(Message(-1), acks);

        acks.ShouldBe([new BatchAck(s_entry)]);
    }

    [Fact]
    public void A_batch_is_acknowledged_message_by_message_and_whole_with_the_last()
    {
        var book = new AckBook();
        book.Deliver(s_entry, [.. Enumerable.Range(0, 70).Select(static index => Message(index).Message)]);
        var acks = new List<BatchAck>();

        book.Add(Message(69), acks);
        acks.ShouldHaveSingleItem().Unacknowledged.ShouldBe([-1L, 0b01_1111]);

        for (var index = 68; index >= 0; index--)
        {
            book.Add(Message(index), acks);
        }

        // One entry of the list, as long as nothing else comes between.
        acks.ShouldBe([new BatchAck(s_entry)]);
    }

    [Fact]
    public void What_was_acknowledged_of_a_batch_before_stays_so()
    {
        var book = new AckBook();
        book.Deliver(s_entry, [Message(1).Message, Message(3).Message]);
        var acks = new List<BatchAck>();

        book.Add(Message(3), acks);

        acks.ShouldHaveSingleItem().Unacknowledged.ShouldBe([0b0010L]);
    }

    [Fact]
    public void A_message_in_chunks_takes_all_its_entries_with_it()
    {
        var acks = new List<BatchAck>();
        new AckBook().Add(Message(-1, [new Position(1, 3), new Position(1, 4)]), acks);

        acks.Select(static ack => ack.Position.Entry).ShouldBe([3, 4, 5]);
    }

    private static StreamMessage Message(int index, IReadOnlyList<Position>? chunks = null) => new()
    {
        Message = new TopicMessage { Topic = TopicName.Parse("in"), Id = new MessageId(s_entry, -1, index), Payload = default },
        Position = s_entry,
        BatchIndex = index,
        Chunks = chunks ?? [],
        Time = 0,
        Key = "",
        Sequence = 0,
    };
}
