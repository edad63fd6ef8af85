using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class PermitWindowTests
{
    private const int Bytes = 1024 * 1024;

    [Fact]
    public void Before_the_first_message_few_permits_are_passed_on()
    {
        var window = new PermitWindow(Bytes);
        window.Add(1000);

        window.Take(pending: 0).ShouldBe(16);
        window.Take(pending: 0).ShouldBe(0);
        window.Held.ShouldBe(984);
    }

    [Fact]
    public void Nothing_is_passed_on_while_a_windows_worth_waits()
    {
        var window = new PermitWindow(Bytes);
        window.Add(10);

        window.Take(Bytes).ShouldBe(0);
        window.Take(Bytes - 1).ShouldBe(10);
    }

    [Fact]
    public void Messages_that_are_too_large_for_the_window_come_one_by_one()
    {
        var window = new PermitWindow(Bytes);
        window.Add(100);
        window.Take(pending: 0);
        window.Delivered(16, 16 * 5_000_000L);

        for (var i = 0; i < 84; i++)
        {
            window.Take(pending: 0).ShouldBe(1);
            window.Take(pending: 0).ShouldBe(0);
            window.Delivered(1, 5_000_000);
        }

        window.Held.ShouldBe(0);
    }

    [Fact]
    public void Every_permit_is_passed_on_in_the_end_and_never_more_than_the_window_expects_to_hold()
    {
        const int seed = 77;
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var window = new PermitWindow(Bytes);
            long given = 0, passed = 0, delivered = 0;
            var size = random.Next(1, 200_000);
            for (var step = 0; step < 100; step++)
            {
                if (random.Next(3) == 0)
                {
                    var permits = random.Next(1, 2000);
                    given += permits;
                    window.Add(permits);
                }

                passed += window.Take(pending: 0);
                passed.ShouldBeLessThanOrEqualTo(given, $"seed {seed}, round {round}");
                ((passed - delivered - 1) * size).ShouldBeLessThan(Math.Max(Bytes, 16L * size), $"seed {seed}, round {round}");
                var now = random.Next((int)Math.Min(int.MaxValue, passed - delivered + 1));
                delivered += now;
                window.Delivered(now, (long)now * size);
            }

            while (passed < given)
            {
                window.Delivered((int)(passed - delivered), (passed - delivered) * size);
                delivered = passed;
                var taken = window.Take(pending: 0);
                taken.ShouldBeGreaterThan(0, $"seed {seed}, round {round}");
                passed += taken;
            }
        }
    }
}
