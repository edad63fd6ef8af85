using Virga.Topics.Clients.Producing;
using Virga.Topics.Messages;

namespace Virga.Topics.Tests.Clients;

public sealed class PublishRoomTests
{
    [Fact]
    public void There_is_room_for_so_many_messages_and_so_many_bytes()
    {
        var room = new PublishRoom(3, 10);
        var (first, second, third) = (Of(4), Of(6), Of(1));

        room.TryEnter(first).ShouldBeTrue();
        room.TryEnter(second).ShouldBeTrue();
        room.TryEnter(third).ShouldBeFalse();
        room.TryAdmit(out _).ShouldBeFalse();
        room.Leave([second]);
        room.TryAdmit(out var admitted).ShouldBeTrue();
        admitted.ShouldBe(third);
        room.TryEnter(Of(0)).ShouldBeTrue();
        room.TryEnter(Of(0)).ShouldBeFalse();
    }

    [Fact]
    public void A_small_message_does_not_overtake_one_that_goes_in_alone()
    {
        var room = new PublishRoom(10, 10);
        var (first, large, small) = (Of(8), Of(100), Of(1));
        room.TryEnter(first).ShouldBeTrue();
        room.TryEnter(large).ShouldBeFalse();
        room.TryEnter(small).ShouldBeFalse();

        room.Leave([first]);
        room.TryAdmit(out var next).ShouldBeTrue();
        next.ShouldBe(large);
        room.TryAdmit(out _).ShouldBeFalse();
        room.Leave([large]);
        room.TryAdmit(out next).ShouldBeTrue();
        next.ShouldBe(small);
    }

    [Fact]
    public void What_is_given_up_takes_no_room_and_holds_nothing_up()
    {
        var room = new PublishRoom(10, 10);
        var (first, large, small) = (Of(8), Of(5), Of(2));
        room.TryEnter(first);
        room.TryEnter(large);
        room.TryEnter(small);
        large.IsGivenUp = true;

        room.TryAdmit(out var next).ShouldBeTrue();
        next.ShouldBe(small);
        room.Leave([first, small]);
        room.TryEnter(Of(10)).ShouldBeTrue();
    }

    [Fact]
    public void Keys_and_properties_count_as_payloads_do() => new PublishWaiter(new OutgoingMessage { Payload = new byte[3], Key = "four", OrderingKey = new byte[5], Properties = [new("six", "six")] }).Size.ShouldBe(18);

    private static PublishWaiter Of(int bytes) => new(new OutgoingMessage { Payload = new byte[bytes] });
}
