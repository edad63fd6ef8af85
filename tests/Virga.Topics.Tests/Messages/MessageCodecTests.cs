using System.Text;
using Virga.Topics.Messages;
using static Virga.Topics.Tests.Messages.EntryBytes;

namespace Virga.Topics.Tests.Messages;

public sealed class MessageCodecTests
{
    [Fact]
    public void The_header_of_a_single_message_is_read()
    {
        var entry = Entry(
            [.. Required("shop-1"), .. Property(4, "a", "b"), .. Text(6, "order-4"), .. Number(12, 1_600_000_000_000), .. Number(19, 1_800_000_000_000), .. Number(25, 1)],
            Utf8("hello"));

        MessageCodec.TryReadHeader(entry, out var header).ShouldBeTrue();

        Encoding.UTF8.GetString(header.Producer.Span).ShouldBe("shop-1");
        header.SequenceId.ShouldBe(7);
        header.HighestSequenceId.ShouldBe(7);
        header.PublishedAt.ShouldBe(1_700_000_000_000);
        header.EventAt.ShouldBe(1_600_000_000_000);
        header.DeliverAt.ShouldBe(1_800_000_000_000);
        header.Messages.ShouldBe(1);
        header.IsBatch.ShouldBeFalse();
        header.HasKey.ShouldBeTrue();
        header.IsTombstone.ShouldBeTrue();
        header.Chunk.ShouldBe(-1);
        header.Chunks.ShouldBe(0);
        Encoding.UTF8.GetString(header.StickyKey.Span).ShouldBe("order-4");
        Encoding.UTF8.GetString(entry.AsSpan(header.PayloadOffset)).ShouldBe("hello");
    }

    [Fact]
    public void The_header_of_a_batch_in_chunks_marked_and_replicated_is_read()
    {
        var entry = Entry(
            [.. Required(sequence: 10), .. Text(5, "west"), .. Number(8, 3), .. Number(9, 100), .. Number(11, 4), .. Number(20, 2), .. Number(24, 13), .. Number(27, 3), .. Number(29, 2), .. Bytes(13, 1)],
            Utf8("packed"));

        MessageCodec.TryReadHeader(entry, out var header).ShouldBeTrue();

        header.Messages.ShouldBe(4);
        header.IsBatch.ShouldBeTrue();
        header.HighestSequenceId.ShouldBe(13);
        header.Compression.ShouldBe(MessageCompression.Zstd);
        header.UncompressedSize.ShouldBe(100);
        header.Marker.ShouldBe(2);
        header.Chunk.ShouldBe(2);
        header.Chunks.ShouldBe(3);
        header.IsEncrypted.ShouldBeTrue();
        Encoding.UTF8.GetString(header.ReplicatedFrom.Span).ShouldBe("west");
    }

    [Fact]
    public void What_a_broker_has_put_before_an_entry_is_passed_over()
    {
        var entry = WithBrokersPart(Entry(Required(), Utf8("hello")));

        MessageCodec.TryReadHeader(entry, out var header).ShouldBeTrue();
        MessageCodec.IsIntact(entry).ShouldBeTrue();

        Encoding.UTF8.GetString(entry.AsSpan(header.PayloadOffset)).ShouldBe("hello");
    }

    [Fact]
    public void An_ordering_key_goes_before_the_key_and_a_key_in_base64_counts_by_its_bytes()
    {
        MessageCodec.TryReadHeader(Entry([.. Required(), .. Text(6, "k"), .. Bytes(18, 1, 2, 3)], []), out var ordered).ShouldBeTrue();
        MessageCodec.TryReadHeader(Entry([.. Required(), .. Text(6, "/wD+"), .. Number(17, 1)], []), out var binary).ShouldBeTrue();
        MessageCodec.TryReadHeader(Entry([.. Required(), .. Text(6, "not base64!"), .. Number(17, 1)], []), out var wrong).ShouldBeTrue();
        MessageCodec.TryReadHeader(Entry([.. Required(), .. Text(6, ""), .. Number(30, 1)], []), out var none).ShouldBeTrue();

        ordered.StickyKey.ToArray().ShouldBe([1, 2, 3]);
        binary.StickyKey.ToArray().ShouldBe([0xff, 0x00, 0xfe]);
        Encoding.UTF8.GetString(wrong.StickyKey.Span).ShouldBe("not base64!");
        none.HasKey.ShouldBeFalse();
    }

    [Fact]
    public void A_flipped_bit_anywhere_behind_the_magic_breaks_the_checksum()
    {
        var entry = Entry(Required(), Utf8("a payload"));
        MessageCodec.IsIntact(entry).ShouldBeTrue();

        for (var bit = 16; bit < entry.Length * 8; bit++)
        {
            var flipped = (byte[])entry.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            MessageCodec.IsIntact(flipped).ShouldBeFalse($"bit {bit}");
        }
    }

    [Fact]
    public void What_a_client_sent_without_a_checksum_gets_one()
    {
        var entry = Entry(Required(), Utf8("hello"));

        MessageCodec.Sealed(entry.AsSpan(6)).ShouldBe(entry);
    }

    [Fact]
    public void An_entry_that_breaks_the_protocol_is_malformed()
    {
        byte[][] wrong =
        [
            [],
            [0x0e, 0x01],
            [0x0e, 0x02, 0xff, 0xff, 0xff, 0xff],
            [0x0e, 0x01, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff],
            Entry([], []),
            Entry([.. Text(1, "p"), .. Number(2, 1)], []), // never published
            Entry([.. Required(), .. Number(8, 5)], []), // compressed in no known way
            Entry([.. Required(), .. Number(9, -1)], []), // shorter than nothing
            Entry([.. Required(), .. Number(11, 0)], Utf8("a payload")), // an empty batch
            Entry([.. Required(), .. Number(11, 2)], Utf8("a payload")), // more messages than fit
            Entry([.. Required(), .. Number(8, 1), .. Number(9, int.MaxValue), .. Number(11, int.MaxValue)], Utf8("a payload")), // so many that the set of them would fill the memory
            Entry([.. Required(), .. Number(27, 3), .. Number(29, 3)], []), // a chunk behind the last
            Entry([.. Required(), 0x33], []), // the end of a group
            Entry([.. Required(), 0x22, 0x7f], []), // a length over the end
        ];

        foreach (var entry in wrong)
        {
            MessageCodec.TryReadHeader(entry, out _).ShouldBeFalse(Convert.ToHexString(entry));
        }
    }

    [Fact]
    public void Fields_that_are_not_known_are_passed_over()
    {
        var entry = Entry([.. Number(200, 5), .. Required(), .. Bytes(201, 1, 2), 0xa5, 0x0d, 1, 2, 3, 4, 0xa1, 0x0d, 1, 2, 3, 4, 5, 6, 7, 8], []);

        MessageCodec.TryReadHeader(entry, out var header).ShouldBeTrue();

        header.SequenceId.ShouldBe(7);
    }

    [Fact]
    public void Reading_a_header_allocates_nothing()
    {
        ReadOnlyMemory<byte> entry = Entry([.. Required(), .. Property(4, "a", "b"), .. Text(6, "key")], new byte[1024]);
        MessageCodec.TryReadHeader(entry, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            MessageCodec.TryReadHeader(entry, out _);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }
}
