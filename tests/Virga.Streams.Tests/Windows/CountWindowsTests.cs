using Virga.Streams.Windows;

namespace Virga.Streams.Tests.Windows;

public sealed class CountWindowsTests
{
    [Fact]
    public void A_window_closes_when_it_is_full()
    {
        var windows = new CountWindows<Reading>(3, 3);
        Fill(windows, 7);

        var closings = windows.Close();

        closings.Select(static closing => closing.Sequence).ShouldBe([2, 5]);
        closings[0].Windows.Single().Messages.Select(static reading => reading.Sequence).ShouldBe([0, 1, 2]);
        closings[0].Done.Count.ShouldBe(3);
        windows.Held.ShouldBe(1);
    }

    [Fact]
    public void A_sliding_window_keeps_what_the_next_one_covers_too()
    {
        var windows = new CountWindows<Reading>(3, 1);
        Fill(windows, 5);

        var closings = windows.Close();

        closings.Select(static closing => closing.Windows.Single().Messages[0].Sequence).ShouldBe([0, 1, 2]);
        closings.ShouldAllBe(static closing => closing.Done.Count == 1);
        windows.Held.ShouldBe(2);
    }

    [Fact]
    public void Keys_are_counted_apart()
    {
        var windows = new CountWindows<Reading>(2, 2);
        windows.Add(new Reading(0, "a", 0), isReplayed: false);
        windows.Add(new Reading(0, "b", 1), isReplayed: false);
        windows.Close().ShouldBeEmpty();

        windows.Add(new Reading(0, "b", 2), isReplayed: false);

        windows.Close().ShouldHaveSingleItem().Windows.Single().Key.ShouldBe("b");
    }

    private static void Fill(CountWindows<Reading> windows, int count)
    {
        for (var i = 0; i < count; i++)
        {
            windows.Add(new Reading(i, "", i), isReplayed: false);
        }
    }
}
