using System.Text;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using static Virga.Topics.Tests.Messages.EntryBytes;

namespace Virga.Topics.Tests.Messages;

public sealed class MessageReaderTests
{
    private static readonly TopicName s_topic = TopicName.Parse("persistent://default/default/orders-partition-2");
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    [Fact]
    public void A_single_message_is_read_with_all_that_its_producer_said()
    {
        var entry = Entry(
            [.. Required("shop-1"), .. Property(4, "colour", "grün"), .. Property(4, "colour", "blue"), .. Text(6, "order-4"), .. Number(12, 1_600_000_000_000), .. Bytes(16, 0, 9), .. Bytes(18, 5, 6)],
            Utf8("hello"));

        var message = MessageReader.Read(s_topic, Delivered(entry) with { Redeliveries = 3 }).ShouldHaveSingleItem();

        message.Topic.ShouldBe(s_topic);
        message.Id.ShouldBe(new MessageId(new Position(4, 5), 2));
        Encoding.UTF8.GetString(message.Payload.Span).ShouldBe("hello");
        message.Key.ShouldBe("order-4");
        message.OrderingKey.ToArray().ShouldBe([5, 6]);
        message.Properties.ShouldBe([new("colour", "grün"), new("colour", "blue")]);
        message.Producer.ShouldBe("shop-1");
        message.SequenceId.ShouldBe(7);
        message.PublishedAt.ShouldBe(s_now);
        message.EventAt.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(1_600_000_000_000));
        message.SchemaVersion.ToArray().ShouldBe([0, 9]);
        message.Redeliveries.ShouldBe(3);
        message.IsTombstone.ShouldBeFalse();
    }

    [Fact]
    public void A_batch_gives_the_messages_that_are_not_acknowledged_and_not_compacted_out()
    {
        byte[] payload =
        [
            .. Batched([.. Text(2, "a"), .. Number(8, 20)], Utf8("zero")),
            .. Batched(Text(2, "b"), Utf8("one")),
            .. Batched([.. Text(2, "c"), .. Number(4, 1)], []),
            .. Batched([.. Text(2, "d"), .. Property(1, "x", "y"), .. Number(9, 1)], []),
            .. Batched([.. Text(2, ""), .. Number(10, 1), .. Number(5, 1_600_000_000_000)], Utf8("four")),
        ];
        var entry = Entry([.. Required(), .. Number(11, 5)], payload);

        var messages = MessageReader.Read(s_topic, Delivered(entry) with { Unacknowledged = [0b11101] });

        messages.Select(static m => m.Id.BatchIndex).ShouldBe([0, 3, 4]);
        messages.Select(static m => m.Key).ShouldBe(["a", "d", null]);
        messages.Select(static m => Encoding.UTF8.GetString(m.Payload.Span)).ShouldBe(["zero", "", "four"]);
        messages.Select(static m => m.SequenceId).ShouldBe([20, 10, 11]);
        messages[1].IsTombstone.ShouldBeTrue();
        messages[1].Properties.ShouldBe([new("x", "y")]);
        messages[2].EventAt.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(1_600_000_000_000));
    }

    [Fact]
    public void A_batch_from_which_compaction_took_messages_out_keeps_their_places()
    {
        byte[] payload = [.. Batched(Text(2, "b"), Utf8("one")), .. Batched(Text(2, "d"), Utf8("three"))];
        var entry = Entry([.. Required(), .. Number(11, 2), .. Number(31, 1), .. Number(31, 3)], payload);

        MessageReader.Read(s_topic, Delivered(entry)).Select(static m => (m.Id.BatchIndex, m.Key)).ShouldBe([(1, "b"), (3, "d")]);
    }

    // One letter 24 times, written down by each format's own description.
    [Theory]
    [InlineData(1, "1e610100506161616161")]
    [InlineData(2, "789c4b4cc40e0071c40919")]
    [InlineData(3, "28b52ffd2018c3000061")]
    [InlineData(4, "1800615a0100")]
    public void Every_compression_of_the_clients_is_read(int compression, string payload)
    {
        var entry = Entry([.. Required(), .. Number(8, compression), .. Number(9, 24)], Convert.FromHexString(payload));

        Encoding.UTF8.GetString(MessageReader.Read(s_topic, Delivered(entry))[0].Payload.Span).ShouldBe(new string('a', 24));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_declared_size_over_the_limit_is_refused_before_anything_is_allocated(int compression)
    {
        var entry = Entry([.. Required(), .. Number(8, compression), .. Number(9, MessageReader.MaxUncompressedSize + 1)], Convert.FromHexString("28b52ffd2018c3000061"));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<MalformedMessageException>(() => MessageReader.Read(s_topic, Delivered(entry)));

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1024 * 1024);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_few_bytes_that_say_they_are_millions_are_refused_before_anything_is_allocated(int compression)
    {
        var entry = Entry([.. Required(), .. Number(8, compression), .. Number(9, MessageReader.MaxUncompressedSize)], new byte[20]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<MalformedMessageException>(() => MessageReader.Read(s_topic, Delivered(entry)));

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1024 * 1024);
    }

    [Fact]
    public void An_encrypted_entry_and_a_chunk_are_no_messages()
    {
        Should.Throw<MalformedMessageException>(() => MessageReader.Read(s_topic, Delivered(Entry([.. Required(), .. Bytes(13, 1)], Utf8("secret"))))).Message.ShouldContain("encrypted");
        Should.Throw<MalformedMessageException>(() => MessageReader.Read(s_topic, Delivered(Entry([.. Required(), .. Number(27, 3), .. Number(29, 1)], [])))).Message.ShouldContain("chunk 1 of 3");
    }

    [Theory]
    [InlineData(MessageCompression.None)]
    [InlineData(MessageCompression.Lz4)]
    [InlineData(MessageCompression.Zlib)]
    [InlineData(MessageCompression.Zstd)]
    [InlineData(MessageCompression.Snappy)]
    public void What_is_written_is_read_again(MessageCompression compression)
    {
        var random = new Random(20_261);
        for (var round = 0; round < 50; round++)
        {
            OutgoingMessage[] messages = [.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => Any(random))];
            var batch = MessageWriter.WriteBatch(messages, "me", 100, s_now, compression);
            var single = MessageWriter.Write(messages[0] with { DeliverAt = s_now.AddSeconds(9) }, "me", 99, s_now, compression);

            MessageCodec.IsIntact(batch).ShouldBeTrue();
            MessageCodec.IsIntact(single).ShouldBeTrue();
            MessageCodec.TryReadHeader(batch, out var header).ShouldBeTrue();
            (header.SequenceId, header.HighestSequenceId, header.Messages).ShouldBe((100, 100 + messages.Length - 1, messages.Length));
            MessageCodec.TryReadHeader(single, out var alone).ShouldBeTrue();
            alone.DeliverAt.ShouldBe(s_now.AddSeconds(9).ToUnixTimeMilliseconds());
            var read = MessageReader.Read(s_topic, Delivered(batch));
            read.Count.ShouldBe(messages.Length);
            for (var i = 0; i < messages.Length; i++)
            {
                ShouldBeSame(read[i], messages[i], 100 + i);
                read[i].Id.BatchIndex.ShouldBe(i);
            }

            ShouldBeSame(MessageReader.Read(s_topic, Delivered(single))[0], messages[0], 99);
        }
    }

    [Fact]
    public void A_batch_of_one_key_has_that_key_and_one_of_several_has_none()
    {
        MessageCodec.TryReadHeader(MessageWriter.WriteBatch([Keyed("a"), Keyed("a")], "me", 1, s_now), out var one).ShouldBeTrue();
        MessageCodec.TryReadHeader(MessageWriter.WriteBatch([Keyed("a"), Keyed("b")], "me", 1, s_now), out var several).ShouldBeTrue();

        Encoding.UTF8.GetString(one.StickyKey.Span).ShouldBe("a");
        several.StickyKey.IsEmpty.ShouldBeTrue();
        several.HasKey.ShouldBeFalse();
    }

    [Fact]
    public void A_delayed_message_is_not_taken_into_a_batch() =>
        Should.Throw<ArgumentException>(() => MessageWriter.WriteBatch([Keyed("a") with { DeliverAt = s_now }], "me", 1, s_now));

    [Fact]
    public void Whatever_bytes_come_reading_gives_messages_or_says_that_they_are_malformed()
    {
        var random = new Random(4_711);
        byte[][] seeds =
        [
            Entry([.. Required(), .. Property(4, "a", "b"), .. Text(6, "key")], Utf8("hello")),
            WithBrokersPart(Entry([.. Required(), .. Number(11, 2)], [.. Batched(Text(2, "a"), Utf8("zero")), .. Batched(Text(2, "b"), Utf8("one"))])),
            MessageWriter.WriteBatch([Keyed("a"), Keyed("b"), Keyed("c")], "me", 1, s_now, MessageCompression.Lz4),
            MessageWriter.WriteBatch([Keyed("a"), Keyed("b"), Keyed("c")], "me", 1, s_now, MessageCompression.Zlib),
            MessageWriter.WriteBatch([Keyed("a"), Keyed("b"), Keyed("c")], "me", 1, s_now, MessageCompression.Zstd),
            MessageWriter.WriteBatch([Keyed("a"), Keyed("b"), Keyed("c")], "me", 1, s_now, MessageCompression.Snappy),
            .. MessageWriter.WriteChunks(Keyed("a"), "me", 1, s_now, 5),
        ];
        var chunks = new ChunkAssembler();
        var (whole, malformed) = (0, 0);
        for (var i = 0; i < 100_000; i++)
        {
            var entry = Damage(seeds[random.Next(seeds.Length)], random);
            try
            {
                var messages = MessageReader.Read(s_topic, Delivered(entry), chunks);
                messages.ShouldAllBe(static m => m.Payload.Length <= MessageReader.MaxUncompressedSize);
                whole++;
            }
            catch (MalformedMessageException)
            {
                malformed++;
            }
        }

        whole.ShouldBeGreaterThan(1000);
        malformed.ShouldBeGreaterThan(1000);
    }

    private static byte[] Damage(byte[] seed, Random random)
    {
        var entry = (byte[])seed.Clone();
        for (var times = random.Next(1, 5); times > 0; times--)
        {
            switch (random.Next(3))
            {
                case 0:
                    entry[random.Next(entry.Length)] = (byte)random.Next(256);
                    break;
                case 1:
                    entry[random.Next(entry.Length)] ^= (byte)(1 << random.Next(8));
                    break;
                default:
                    entry = entry.Length > 4 ? entry[..random.Next(4, entry.Length)] : entry;
                    break;
            }
        }

        return entry;
    }

    private static DeliveredEntry Delivered(byte[] entry) => new(new Position(4, 5), entry, 1, 0, null);

    private static OutgoingMessage Keyed(string key) => new() { Payload = Utf8($"a payload of {key} that is long enough to be compressed, compressed, compressed"), Key = key };

    private static OutgoingMessage Any(Random random)
    {
        var payload = new byte[random.Next(0, 3000)];
        random.NextBytes(payload);
        return new OutgoingMessage
        {
            Payload = payload,
            Key = random.Next(2) == 0 ? null : $"key-{random.Next(3)}-é",
            OrderingKey = random.Next(3) == 0 ? new byte[] { 1, 0, 255 } : default,
            Properties = random.Next(2) == 0 ? [] : [new("a", "1"), new("b", new string('x', random.Next(300)))],
            EventAt = random.Next(2) == 0 ? null : s_now.AddSeconds(-random.Next(1000)),
            IsTombstone = random.Next(8) == 0,
        };
    }

    private static void ShouldBeSame(TopicMessage read, OutgoingMessage written, long sequenceId)
    {
        read.Payload.ToArray().ShouldBe(written.Payload.ToArray());
        read.Key.ShouldBe(written.Key);
        read.OrderingKey.ToArray().ShouldBe(written.OrderingKey.ToArray());
        read.Properties.ShouldBe(written.Properties);
        read.EventAt.ShouldBe(written.EventAt);
        read.IsTombstone.ShouldBe(written.IsTombstone);
        read.SequenceId.ShouldBe(sequenceId);
        read.Producer.ShouldBe("me");
        read.PublishedAt.ShouldBe(s_now);
    }
}
