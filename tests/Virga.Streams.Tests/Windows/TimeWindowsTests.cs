using Virga.Streams.Windows;

namespace Virga.Streams.Tests.Windows;

public sealed class TimeWindowsTests
{
    [Fact]
    public void A_tumbling_window_closes_when_the_watermark_reaches_its_end()
    {
        var windows = new TimeWindows<Reading>(10, 10);
        windows.Add(new Reading(3, "", 0), isReplayed: false).ShouldBeTrue();
        windows.Add(new Reading(12, "", 1), isReplayed: false).ShouldBeTrue();

        windows.Advance(9).ShouldBeEmpty();
        var closing = windows.Advance(10).ShouldHaveSingleItem();

        closing.Sequence.ShouldBe(10);
        var window = closing.Windows.ShouldHaveSingleItem();
        window.Span.ShouldBe(new WindowSpan(0, 10));
        window.Messages.ShouldHaveSingleItem().Sequence.ShouldBe(0);
        closing.Done.ShouldBe(window.Messages);
        windows.Held.ShouldBe(1);
    }

    [Fact]
    public void A_message_is_in_every_sliding_window_that_covers_it_and_done_after_the_last()
    {
        var windows = new TimeWindows<Reading>(10, 5);
        windows.Add(new Reading(7, "", 0), isReplayed: false);

        var closings = windows.Advance(20);

        closings.Select(static closing => closing.Windows.Single().Span).ShouldBe([new WindowSpan(0, 10), new WindowSpan(5, 15)]);
        closings[0].Done.ShouldBeEmpty();
        closings[1].Done.Count.ShouldBe(1);
        windows.Held.ShouldBe(0);
    }

    [Fact]
    public void Each_key_has_windows_of_its_own_and_they_close_together()
    {
        var windows = new TimeWindows<Reading>(10, 10);
        windows.Add(new Reading(1, "b", 0), isReplayed: false);
        windows.Add(new Reading(2, "a", 1), isReplayed: false);

        windows.Advance(10).ShouldHaveSingleItem().Windows.Select(static window => window.Key).ShouldBe(["a", "b"]);
    }

    [Fact]
    public void A_message_behind_the_watermark_is_late()
    {
        var windows = new TimeWindows<Reading>(10, 10);
        windows.Advance(10);

        windows.Add(new Reading(9, "", 0), isReplayed: false).ShouldBeFalse();
        windows.Add(new Reading(10, "", 1), isReplayed: false).ShouldBeTrue();
        windows.Held.ShouldBe(1);
    }

    [Fact]
    public void Times_before_1970_fall_into_windows_too()
    {
        var windows = new TimeWindows<Reading>(10, 10);
        windows.Add(new Reading(-1, "", 0), isReplayed: false);

        windows.Advance(0).ShouldHaveSingleItem().Windows.Single().Span.ShouldBe(new WindowSpan(-10, 0));
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(10, 11)]
    [InlineData(10, 3)]
    public void A_slide_that_does_not_fit_is_refused(long size, long slide) => Should.Throw<ArgumentException>(() => new TimeWindows<Reading>(size, slide));
}
