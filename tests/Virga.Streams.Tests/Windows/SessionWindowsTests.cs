using Virga.Streams.Windows;

namespace Virga.Streams.Tests.Windows;

public sealed class SessionWindowsTests
{
    [Fact]
    public void A_session_closes_a_gap_after_its_last_message()
    {
        var windows = new SessionWindows<Reading>(10);
        windows.Add(new Reading(0, "", 0), isReplayed: false);
        windows.Add(new Reading(8, "", 1), isReplayed: false);

        windows.Advance(17).ShouldBeEmpty();

        var window = windows.Advance(18).ShouldHaveSingleItem().Windows.ShouldHaveSingleItem();
        window.Span.ShouldBe(new WindowSpan(0, 18));
        window.Messages.Count.ShouldBe(2);
        windows.Held.ShouldBe(0);
    }

    [Fact]
    public void A_message_between_two_sessions_makes_one_of_them()
    {
        var windows = new SessionWindows<Reading>(10);
        windows.Add(new Reading(0, "", 0), isReplayed: false);
        windows.Add(new Reading(16, "", 1), isReplayed: false);
        windows.Add(new Reading(8, "", 2), isReplayed: false);

        windows.Advance(100).ShouldHaveSingleItem().Windows.ShouldHaveSingleItem().Messages.Select(static reading => reading.Time).ShouldBe([0, 8, 16]);
    }

    [Fact]
    public void Neighbours_a_whole_gap_apart_are_two_sessions()
    {
        var windows = new SessionWindows<Reading>(10);
        windows.Add(new Reading(0, "", 0), isReplayed: false);
        windows.Add(new Reading(10, "", 1), isReplayed: false);

        windows.Advance(100).Count.ShouldBe(2);
    }

    [Fact]
    public void A_message_behind_the_watermark_is_late_unless_an_open_session_takes_it()
    {
        var windows = new SessionWindows<Reading>(10);
        windows.Add(new Reading(25, "", 0), isReplayed: false);
        windows.Advance(30);

        windows.Add(new Reading(5, "", 1), isReplayed: false).ShouldBeFalse();
        windows.Add(new Reading(18, "", 2), isReplayed: false).ShouldBeTrue();
        windows.Advance(100).ShouldHaveSingleItem().Windows.Single().Span.ShouldBe(new WindowSpan(18, 35));
    }
}
