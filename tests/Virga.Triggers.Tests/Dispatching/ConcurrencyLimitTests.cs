using Virga.Triggers.Dispatching;

namespace Virga.Triggers.Tests.Dispatching;

/// <summary>How many calls a trigger has at a time.</summary>
public sealed class ConcurrencyLimitTests
{
    [Fact]
    public void It_begins_with_one_and_doubles_from_round_to_round_while_there_is_more_to_do()
    {
        var limit = new ConcurrencyLimit(100);
        limit.Current.ShouldBe(1);
        foreach (var expected in new[] { 2, 4, 8, 16, 32, 64, 100, 100 })
        {
            Round(limit);
            limit.Current.ShouldBe(expected);
        }
    }

    [Fact]
    public void It_does_not_grow_without_work_that_waits_for_it()
    {
        var limit = new ConcurrencyLimit(100);
        for (var i = 0; i < 50; i++)
        {
            limit.Served(hasMore: false);
        }

        limit.Current.ShouldBe(1);
    }

    [Fact]
    public void A_refusal_halves_it_and_from_then_on_it_grows_by_one_a_round()
    {
        var limit = new ConcurrencyLimit(100);
        Enumerable.Range(0, 5).ToList().ForEach(_ => Round(limit));
        limit.Refused();
        limit.Current.ShouldBe(16);
        Round(limit);
        limit.Current.ShouldBeInRange(16, 17);
        Enumerable.Range(0, 10).ToList().ForEach(_ => Round(limit));
        limit.Current.ShouldBeInRange(24, 28);
    }

    [Fact]
    public void It_never_falls_below_one_and_follows_its_bound()
    {
        var limit = new ConcurrencyLimit(8);
        Enumerable.Range(0, 10).ToList().ForEach(_ => limit.Refused());
        limit.Current.ShouldBe(1);
        limit.Bound = 0;
        limit.Bound.ShouldBe(1);

        var wide = new ConcurrencyLimit(64);
        Enumerable.Range(0, 10).ToList().ForEach(_ => Round(wide));
        wide.Bound = 5;
        wide.Current.ShouldBe(5);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(30)]
    public void It_settles_near_what_the_pools_take(int places)
    {
        // Refused whenever it goes over what there is: it saws between half of that and all of it.
        var limit = new ConcurrencyLimit(1000);
        var (sum, rounds) = (0, 2000);
        for (var round = 0; round < rounds; round++)
        {
            if (limit.Current > places)
            {
                limit.Refused();
            }
            else
            {
                Round(limit);
            }

            sum += limit.Current;
        }

        (sum / (double)rounds).ShouldBeInRange(places * 0.6, places * 1.1);
    }

    private static void Round(ConcurrencyLimit limit)
    {
        for (var left = limit.Current; left > 0; left--)
        {
            limit.Served(hasMore: true);
        }
    }
}
