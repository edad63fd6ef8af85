using FsCheck;
using FsCheck.Fluent;
using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling;

public sealed class NodeQueueTests
{
    [Fact]
    public void A_flooded_function_leaves_half_of_the_places_to_others()
    {
        var queue = new NodeQueue(1000);
        Flood(queue).ShouldBe(500);
        queue.TryEnter(alreadyQueued: 0, functionLimit: 1000).ShouldBeTrue();
    }

    [Fact]
    public void A_second_flood_gets_its_part()
    {
        var queue = new NodeQueue(900);
        Flood(queue).ShouldBe(450);
        Flood(queue).ShouldBe(225);
    }

    [Fact]
    public void The_functions_own_limit_holds_in_an_empty_queue() => Flood(new NodeQueue(1000), functionLimit: 7).ShouldBe(7);

    [Fact]
    public void The_last_place_is_for_a_function_that_has_none()
    {
        var queue = new NodeQueue(1);
        queue.TryEnter(0, 10).ShouldBeTrue();
        queue.TryEnter(0, 10).ShouldBeFalse();
        queue.Leave();
        queue.TryEnter(0, 10).ShouldBeTrue();
    }

    [Fact]
    public void Never_more_wait_than_there_are_places_and_who_has_none_finds_one_while_one_is_free() => Prop.ForAll(Gen.Choose(0, 9).ArrayOf(400).ToArbitrary(), functions =>
    {
        var queue = new NodeQueue(60);
        var waiting = new int[10];
        foreach (var function in functions)
        {
            var free = 60 - waiting.Sum();
            var entered = queue.TryEnter(waiting[function], functionLimit: 50);
            if (entered ? free == 0 : free > 0 && waiting[function] == 0)
            {
                return false;
            }

            waiting[function] += entered ? 1 : 0;
        }

        return queue.Taken == waiting.Sum();
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Many_threads_take_no_more_than_there_is()
    {
        var queue = new NodeQueue(100);
        var most = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (queue.TryEnter(0, 1))
                {
                    most = Math.Max(most, queue.Taken);
                    queue.Leave();
                }
            }
        });
        queue.Taken.ShouldBe(0);
        most.ShouldBeLessThanOrEqualTo(100);
    }

    [Theory]
    [InlineData(0, 1, 100, 0, 1)]
    [InlineData(100, 10, 500, 60, 5)]
    [InlineData(10, 0, 100, 3000, 4)]
    [InlineData(1000, 1, 10_000, 0, 60)]
    public void A_refused_call_is_told_when_the_queue_has_likely_drained(int waiting, int places, int callMilliseconds, int startMilliseconds, int seconds) =>
        RetryAfter.Seconds(waiting, places, TimeSpan.FromMilliseconds(callMilliseconds), TimeSpan.FromMilliseconds(startMilliseconds)).ShouldBe(seconds);

    private static int Flood(NodeQueue queue, int functionLimit = int.MaxValue)
    {
        var waiting = 0;
        while (queue.TryEnter(waiting, functionLimit))
        {
            waiting++;
        }

        return waiting;
    }
}
