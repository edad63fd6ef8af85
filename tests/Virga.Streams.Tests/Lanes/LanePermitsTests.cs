using Virga.Streams.Lanes;

namespace Virga.Streams.Tests.Lanes;

public sealed class LanePermitsTests
{
    private const long Window = 1 << 20;

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    [InlineData(5_000_000)]
    public void A_lane_holds_no_more_than_two_windows_and_a_message_and_gets_everything(int size)
    {
        const int messages = 3000;
        var (permitted, delivered, done, held) = (0, 0, 0, 0L);
        var permits = new LanePermits(new LaneLimits { InFlight = 500, InFlightBytes = Window }, given => permitted += given);
        permits.Begin();
        var greatest = 0L;
        while (done < messages)
        {
            // All that is permitted comes before anything is done.
            while (permitted > 0 && delivered < messages)
            {
                var now = Math.Min(permitted, messages - delivered);
                permitted -= now;
                delivered += now;
                held += (long)now * size;
                permits.Delivered(now, (long)now * size);
            }

            greatest = Math.Max(greatest, held);
            (delivered - done).ShouldBeGreaterThan(0, "the lane waits for nothing");
            (delivered - done).ShouldBeLessThanOrEqualTo(500);
            done++;
            held -= size;
            permits.Return(1, size);
        }

        // Of the first messages nobody knew how large they are.
        greatest.ShouldBeLessThanOrEqualTo(Math.Max(2 * Window, 16L * size) + size);
    }
}
