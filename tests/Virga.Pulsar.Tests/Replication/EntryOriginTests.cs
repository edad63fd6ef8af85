using Virga.Pulsar.Tests.Harness;
using Virga.Topics.Messages;

namespace Virga.Pulsar.Tests.Replication;

public sealed class EntryOriginTests
{
    private const int ReplicateTo = 7;

    private static readonly byte[] s_entry = MessageWriter.Write(new OutgoingMessage { Payload = "hello"u8.ToArray() }, "test", 3, DateTimeOffset.UnixEpoch.AddDays(20_000));

    [Fact]
    public void A_message_goes_everywhere_unless_its_producer_says_where() => EntryOrigin.GoesTo(s_entry, "us"u8).ShouldBeTrue();

    [Fact]
    public void A_message_goes_only_to_the_clusters_that_its_producer_names()
    {
        var limited = EntryBuilder.With(EntryBuilder.With(s_entry, ReplicateTo, "asia"u8), ReplicateTo, "us"u8);

        EntryOrigin.GoesTo(limited, "us"u8).ShouldBeTrue();
        EntryOrigin.GoesTo(limited, "asia"u8).ShouldBeTrue();
        EntryOrigin.GoesTo(limited, "africa"u8).ShouldBeFalse();
    }

    [Fact]
    public void A_message_that_came_from_a_cluster_goes_to_none_and_says_where_it_was()
    {
        var marked = EntryOrigin.Mark(s_entry, "eu", new EntrySource(17, new Position(5, 6)), default);

        EntryOrigin.GoesTo(marked, "us"u8).ShouldBeFalse();
        MessageCodec.IsIntact(marked).ShouldBeTrue();
        MessageCodec.TryReadHeader(marked, out var header).ShouldBeTrue();
        header.Source.ShouldBe(new EntrySource(17, new Position(5, 6)));
        header.SequenceId.ShouldBe(3);
        marked[header.PayloadOffset..].ShouldBe("hello"u8.ToArray());
    }

    [Fact]
    public void What_a_client_makes_up_of_a_source_says_nothing_without_a_cluster()
    {
        MessageCodec.TryReadHeader(s_entry, out var header).ShouldBeTrue();
        header.Source.IsKnown.ShouldBeFalse();
    }

    [Fact]
    public void What_is_no_entry_goes_nowhere() => EntryOrigin.GoesTo([1, 2, 3], "us"u8).ShouldBeFalse();
}
