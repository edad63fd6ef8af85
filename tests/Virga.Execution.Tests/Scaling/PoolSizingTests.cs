using FsCheck;
using FsCheck.Fluent;
using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling;

public sealed class PoolSizingTests
{
    private static readonly TimeSpan Start = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void An_environment_that_nobody_uses_keeps_its_least() => PoolSizing.Target(0, Start, min: 1, max: 10).ShouldBe(1);

    [Fact]
    public void What_is_taken_during_a_start_is_in_stock() => PoolSizing.Target(takesPerSecond: 8, Start, min: 1, max: 100).ShouldBe(9);

    [Fact]
    public void A_slow_start_needs_a_larger_stock() =>
        PoolSizing.Target(8, TimeSpan.FromSeconds(3), 1, 100).ShouldBeGreaterThan(PoolSizing.Target(8, Start, 1, 100));

    [Fact]
    public void The_bounds_hold_whatever_is_taken() => Prop.ForAll<NonNegativeInt, PositiveInt, PositiveInt>((rate, min, more) =>
    {
        var target = PoolSizing.Target(rate.Get, Start, min.Get, min.Get + more.Get);
        return target >= min.Get && target <= min.Get + more.Get;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_steady_rate_is_learned_and_forgotten()
    {
        var rate = new ArrivalRate(TimeSpan.FromSeconds(60), frequency: 1000);
        for (var i = 1; i <= 3000; i++)
        {
            rate.Note(i * 200L);
        }

        rate.PerSecond(600_000).ShouldBe(5, 0.05);
        rate.PerSecond(660_000).ShouldBe(5 / Math.E, 0.05);
        rate.PerSecond(86_400_000).ShouldBe(0, 1e-9);
    }

    // Takes by chance (Poisson) and replacements that take their time: the stock is hardly ever empty.
    [Fact]
    public void A_pool_of_the_target_size_is_hardly_ever_empty()
    {
        var random = new Random(17);
        const double perSecond = 12;
        var stock = PoolSizing.Target(perSecond, Start, 1, 100);
        var replacements = new Queue<double>();
        var (now, empty) = (0.0, 0);
        const int takes = 20_000;
        for (var i = 0; i < takes; i++)
        {
            now += -Math.Log(1 - random.NextDouble()) / perSecond;
            while (replacements.TryPeek(out var ready) && ready <= now)
            {
                replacements.Dequeue();
                stock++;
            }

            if (stock == 0)
            {
                empty++;
                continue;
            }

            stock--;
            replacements.Enqueue(now + Start.TotalSeconds);
        }

        empty.ShouldBeLessThan(takes / 40);
    }
}
