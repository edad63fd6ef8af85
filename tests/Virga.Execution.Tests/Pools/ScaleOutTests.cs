using FsCheck;
using FsCheck.Fluent;
using Virga.Execution.Pools;

namespace Virga.Execution.Tests.Pools;

public sealed class ScaleOutTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void The_first_waiting_call_starts_the_first_instance() =>
        ScaleOut.ShouldStart(Load(waiting: 1, serving: 0), maxInstances: 4, concurrency: 1).ShouldBeTrue();

    [Fact]
    public void Short_calls_are_drained_by_what_serves() =>
        ScaleOut.ShouldStart(Load(waiting: 10, serving: 1) with { CallDuration = Millisecond, StartDuration = 60 * Millisecond }, maxInstances: 4, concurrency: 1).ShouldBeFalse();

    [Fact]
    public void Long_calls_get_another_instance() =>
        ScaleOut.ShouldStart(Load(waiting: 1, serving: 1) with { CallDuration = 500 * Millisecond, StartDuration = 60 * Millisecond }, maxInstances: 4, concurrency: 1).ShouldBeTrue();

    [Fact]
    public void Who_has_waited_as_long_as_a_start_takes_gets_one_whatever_calls_lately_took() =>
        ScaleOut.ShouldStart(Load(waiting: 1, serving: 1) with { CallDuration = Millisecond, StartDuration = 60 * Millisecond, OldestWait = 60 * Millisecond }, maxInstances: 4, concurrency: 1).ShouldBeTrue();

    [Fact]
    public void Nothing_starts_beyond_the_maximum_or_for_calls_that_places_are_coming_for() => Prop.ForAll<PositiveInt, PositiveInt, PositiveInt>((waiting, existing, concurrency) =>
    {
        var full = Load(waiting.Get, serving: existing.Get);
        var coming = Load(waiting.Get, serving: 0) with { Starting = waiting.Get };
        return !ScaleOut.ShouldStart(full, maxInstances: existing.Get, concurrency.Get) && !ScaleOut.ShouldStart(coming, int.MaxValue, concurrency.Get);
    }).QuickCheckThrowOnFailure();

    private static PoolLoad Load(int waiting, int serving) => new(waiting, TimeSpan.Zero, serving, serving, Starting: 0, TimeSpan.Zero, TimeSpan.Zero);
}
