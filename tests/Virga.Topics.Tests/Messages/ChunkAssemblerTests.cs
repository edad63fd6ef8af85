using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Messages;

public sealed class ChunkAssemblerTests
{
    private static readonly TopicName s_topic = TopicName.Parse("persistent://default/default/films");
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    [Theory]
    [InlineData(MessageCompression.None)]
    [InlineData(MessageCompression.Lz4)]
    [InlineData(MessageCompression.Zstd)]
    public void Chunks_of_two_messages_among_each_other_become_the_messages(MessageCompression compression)
    {
        var (first, second) = (Film(1, 50_000), Film(2, 60_000));
        var ofFirst = MessageWriter.WriteChunks(first, "a", 1, s_now, 16_000, compression);
        var ofSecond = MessageWriter.WriteChunks(second, "b", 1, s_now, 16_000, compression);
        (ofFirst.Count, ofSecond.Count).ShouldBe((4, 4));
        var chunks = new ChunkAssembler();
        List<ChunkedMessage> whole = [];

        for (var i = 0; i < 4; i++)
        {
            Collect(chunks.Add(s_topic, Delivered(i * 2, ofFirst[i])));
            Collect(chunks.Add(s_topic, Delivered((i * 2) + 1, ofSecond[i])));
        }

        whole.Select(static w => w.Message.Payload.ToArray()).ShouldBe([first.Payload.ToArray(), second.Payload.ToArray()]);
        whole[0].Chunks.ShouldBe([new(1, 0), new(1, 2), new(1, 4), new(1, 6)]);
        whole[0].Message.Id.Position.ShouldBe(new Position(1, 6));
        whole[0].Message.Key.ShouldBe("film-1");
        chunks.IncompleteMessages.ShouldBe(0);
        chunks.TakeAbandoned().ShouldBeEmpty();

        void Collect(ChunkedMessage? message)
        {
            if (message is not null)
            {
                whole.Add(message);
            }
        }
    }

    [Fact]
    public void A_message_whose_chunk_is_missing_is_given_up_and_comes_whole_when_it_is_delivered_again()
    {
        var film = MessageWriter.WriteChunks(Film(1, 1000), "a", 1, s_now, 400);
        var chunks = new ChunkAssembler();

        chunks.Add(s_topic, Delivered(0, film[0])).ShouldBeNull();
        chunks.Add(s_topic, Delivered(2, film[2])).ShouldBeNull();
        chunks.TakeAbandoned().Select(static chunk => chunk.Position).ShouldBe([new(1, 2), new(1, 0)], ignoreOrder: true);
        chunks.Add(s_topic, Delivered(1, film[1])).ShouldBeNull();
        chunks.TakeAbandoned().Select(static chunk => chunk.Position).ShouldBe([new(1, 1)]);

        chunks.Add(s_topic, Delivered(0, film[0])).ShouldBeNull();
        chunks.Add(s_topic, Delivered(1, film[1])).ShouldBeNull();
        chunks.Add(s_topic, Delivered(2, film[2])).ShouldNotBeNull().Message.Payload.ToArray().ShouldBe(Film(1, 1000).Payload.ToArray());
    }

    [Fact]
    public void A_message_that_begins_anew_takes_the_place_of_its_first_chunks()
    {
        var film = MessageWriter.WriteChunks(Film(1, 1000), "a", 1, s_now, 400);
        var chunks = new ChunkAssembler();

        chunks.Add(s_topic, Delivered(0, film[0])).ShouldBeNull();
        chunks.Add(s_topic, Delivered(1, film[0])).ShouldBeNull();
        chunks.TakeAbandoned().Select(static chunk => chunk.Position).ShouldBe([new(1, 0)]);
        chunks.Add(s_topic, Delivered(2, film[1])).ShouldBeNull();

        chunks.Add(s_topic, Delivered(3, film[2])).ShouldNotBeNull().Chunks.ShouldBe([new(1, 1), new(1, 2), new(1, 3)]);
    }

    [Fact]
    public void When_too_many_messages_or_bytes_wait_the_oldest_is_given_up()
    {
        var few = new ChunkAssembler(maxMessages: 2);
        var small = new ChunkAssembler(maxBytes: 1000);
        for (var i = 0; i < 3; i++)
        {
            var film = MessageWriter.WriteChunks(Film(i, 1000), $"p{i}", 1, s_now, 600);
            few.Add(s_topic, Delivered(i, film[0]));
            small.Add(s_topic, Delivered(i, film[0]));
        }

        few.IncompleteMessages.ShouldBe(2);
        few.TakeAbandoned().Select(static chunk => chunk.Position).ShouldBe([new(1, 0)]);
        small.IncompleteMessages.ShouldBe(1);
        small.TakeAbandoned().Select(static chunk => chunk.Position).ShouldBe([new(1, 0), new(1, 1)]);
    }

    [Fact]
    public void A_message_that_is_longer_than_the_limit_is_given_up_with_its_first_chunk()
    {
        var film = MessageWriter.WriteChunks(Film(1, 1001), "a", 1, s_now, 600);
        var chunks = new ChunkAssembler(maxBytes: 1000);

        chunks.Add(s_topic, Delivered(0, film[0])).ShouldBeNull();
        chunks.Add(s_topic, Delivered(1, film[1])).ShouldBeNull();

        chunks.IncompleteMessages.ShouldBe(0);
        chunks.TakeAbandoned().Select(static chunk => chunk.Position).ShouldBe([new(1, 0), new(1, 1)]);
    }

    [Fact]
    public void Two_topics_may_name_their_messages_alike()
    {
        var other = TopicName.Parse("persistent://default/default/pictures");
        var film = MessageWriter.WriteChunks(Film(1, 1000), "a", 1, s_now, 600);
        var chunks = new ChunkAssembler();

        chunks.Add(s_topic, Delivered(0, film[0])).ShouldBeNull();
        chunks.Add(other, Delivered(0, film[0])).ShouldBeNull();

        chunks.Add(s_topic, Delivered(1, film[1])).ShouldNotBeNull().Message.Topic.ShouldBe(s_topic);
        chunks.Add(other, Delivered(1, film[1])).ShouldNotBeNull().Message.Topic.ShouldBe(other);
    }

    private static OutgoingMessage Film(int seed, int length)
    {
        var payload = new byte[length];
        new Random(seed).NextBytes(payload);
        return new OutgoingMessage { Payload = payload, Key = $"film-{seed}" };
    }

    private static DeliveredEntry Delivered(int entry, byte[] data) => new(new Position(1, entry), data, 1, 0, null);
}
