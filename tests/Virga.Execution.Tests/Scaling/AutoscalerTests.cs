using FsCheck;
using FsCheck.Fluent;
using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling;

public sealed class AutoscalerTests
{
    private static readonly AutoscalerSettings Settings = AutoscalerSettings.Default;

    private static readonly ScaleObservation Calm = new()
    {
        Age = TimeSpan.FromHours(1),
        StableAverage = 0,
        PanicAverage = 0,
        Concurrency = 0,
        SinceLastCall = TimeSpan.Zero,
        Ready = 0,
        Starting = 0,
        CallsPerInstance = 10,
        TargetUtilisation = 0.7,
        Min = 0,
        Max = 100,
        Floor = 0,
    };

    [Fact]
    public void As_many_are_wanted_as_carry_the_load_at_the_target()
    {
        var decision = Decide(Calm with { StableAverage = 100, PanicAverage = 100, Concurrency = 100, Ready = 12 });
        decision.Desired.ShouldBe(15);
        decision.Reason.ShouldBe(ScaleReason.ScaledUp);
    }

    [Fact]
    public void A_load_that_is_a_multiple_of_the_target_is_not_rounded_up() =>
        Decide(Calm with { StableAverage = 0.7 * 30, PanicAverage = 21, Concurrency = 21, Ready = 3 }).Desired.ShouldBe(3);

    [Fact]
    public void A_load_of_more_than_the_threshold_in_the_short_window_is_a_panic()
    {
        var decision = Decide(Calm with { StableAverage = 8, PanicAverage = 56, Concurrency = 80, Ready = 2 });
        decision.InPanic.ShouldBeTrue();
        decision.Desired.ShouldBe(8);
        decision.Reason.ShouldBe(ScaleReason.Panic);
    }

    [Fact]
    public void A_panic_holds_its_peak_until_it_has_been_calm_for_a_stable_window()
    {
        var panic = Decide(Calm with { PanicAverage = 56, StableAverage = 8, Concurrency = 80, Ready = 2 });
        var calm = Calm with { PanicAverage = 1, StableAverage = 6, Concurrency = 1, Ready = 8 };
        var held = Autoscaler.Decide(calm with { Age = Calm.Age + TimeSpan.FromSeconds(59) }, Settings, panic.State);
        held.Desired.ShouldBe(8);
        held.InPanic.ShouldBeTrue();
        var over = Autoscaler.Decide(calm with { Age = Calm.Age + TimeSpan.FromSeconds(60) }, Settings, held.State);
        over.InPanic.ShouldBeFalse();
        over.Desired.ShouldBe(4);
    }

    [Fact]
    public void The_last_instance_goes_after_the_grace_time_without_a_call()
    {
        var idle = Calm with { Ready = 1, StableAverage = 0.01, SinceLastCall = Settings.ScaleToZeroGrace - TimeSpan.FromMilliseconds(1) };
        Decide(idle).Desired.ShouldBe(1);
        var decision = Decide(idle with { SinceLastCall = Settings.ScaleToZeroGrace });
        decision.Desired.ShouldBe(0);
        decision.Reason.ShouldBe(ScaleReason.Idle);
    }

    [Fact]
    public void A_function_without_a_call_and_without_an_instance_gets_none() => Decide(Calm).Desired.ShouldBe(0);

    [Fact]
    public void A_first_call_does_not_start_a_second_instance() =>
        Decide(Calm with { Age = TimeSpan.FromSeconds(1), StableAverage = 1, PanicAverage = 1, Concurrency = 1, Ready = 1, CallsPerInstance = 1 }).Desired.ShouldBe(1);

    [Fact]
    public void The_floor_is_held_without_any_call_and_at_once()
    {
        var decision = Decide(Calm with { Floor = 40, Min = 2, SinceLastCall = TimeSpan.FromHours(1) });
        decision.Desired.ShouldBe(40);
        decision.Reason.ShouldBe(ScaleReason.Floor);
    }

    [Fact]
    public void One_decision_goes_up_and_down_by_no_more_than_its_rates()
    {
        var up = Decide(Calm with { StableAverage = 700, PanicAverage = 0, Concurrency = 700, Ready = 2 });
        (up.Desired, up.Reason).ShouldBe((20, ScaleReason.Limited));
        var down = Decide(Calm with { StableAverage = 7, Concurrency = 7, Ready = 50 });
        (down.Desired, down.Reason).ShouldBe((25, ScaleReason.Limited));
    }

    [Fact]
    public void Between_the_floor_and_the_maximum_whatever_is_seen() => Prop.ForAll(Observations(), States(), (seen, state) =>
    {
        var desired = Autoscaler.Decide(seen, Settings, state).Desired;
        return desired <= seen.Max && desired >= Math.Min(seen.Max, Math.Max(seen.Min, seen.Floor));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void In_a_panic_nothing_is_taken_away() => Prop.ForAll(Observations(), States(), (seen, state) =>
    {
        var decision = Autoscaler.Decide(seen, Settings, state);
        return !decision.InPanic || decision.Desired >= Math.Min(seen.Max, seen.Ready + seen.Starting);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void While_there_is_a_call_one_instance_is_wanted() => Prop.ForAll(Observations(), States(), (seen, state) =>
        seen.Concurrency == 0 || seen.Ready + seen.Starting < 2 || Autoscaler.Decide(seen, Settings, state).Desired >= 1).QuickCheckThrowOnFailure();

    [Fact]
    public void Before_the_grace_time_is_over_one_that_is_there_stays() => Prop.ForAll(Observations(), States(), (seen, state) =>
        seen.Ready == 0 || seen.SinceLastCall >= Settings.ScaleToZeroGrace || Autoscaler.Decide(seen, Settings, state).Desired >= 1).QuickCheckThrowOnFailure();

    [Fact]
    public void More_load_never_wants_fewer_instances() => Prop.ForAll(Observations(), States(), (seen, state) =>
    {
        var more = seen with { StableAverage = seen.StableAverage * 1.5, PanicAverage = seen.PanicAverage * 1.5 };
        return Autoscaler.Decide(more, Settings, state).Desired >= Autoscaler.Decide(seen, Settings, state).Desired;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_steady_load_is_settled_and_stays_so() => Prop.ForAll<PositiveInt, PositiveInt>((load, start) =>
    {
        var seen = Calm with { StableAverage = load.Get, PanicAverage = load.Get, Concurrency = load.Get, Ready = start.Get, Max = 10_000 };
        AutoscalerState state = default;
        for (var second = 1; second <= 200; second++)
        {
            var decision = Autoscaler.Decide(seen with { Age = TimeSpan.FromSeconds(3600 + second) }, Settings, state);
            (seen, state) = (seen with { Ready = decision.Desired }, decision.State);
        }

        return seen.Ready == (int)Math.Ceiling((load.Get / 7.0) - 1e-9);
    }).QuickCheckThrowOnFailure();

    private static ScaleDecision Decide(ScaleObservation seen) => Autoscaler.Decide(seen, Settings, default);

    private static Arbitrary<AutoscalerState> States() => Arb.From(
        from panic in Gen.Elements(true, false)
        from since in Gen.Choose(0, 100)
        from peak in Gen.Choose(0, 60)
        select panic ? new AutoscalerState(TimeSpan.FromSeconds(since), peak) : default);

    private static Arbitrary<ScaleObservation> Observations() => Arb.From(
        from age in Gen.Choose(0, 200)
        from stable in Gen.Choose(0, 2000)
        from panic in Gen.Choose(0, 2000)
        from concurrency in Gen.Choose(0, 20)
        from idle in Gen.Choose(0, 240)
        from ready in Gen.Choose(0, 60)
        from starting in Gen.Choose(0, 10)
        from calls in Gen.Choose(1, 20)
        from utilisation in Gen.Choose(1, 10)
        from min in Gen.Choose(0, 5)
        from max in Gen.Choose(1, 80)
        from floor in Gen.Choose(0, 90)
        select new ScaleObservation
        {
            Age = TimeSpan.FromSeconds(age),
            StableAverage = stable / 10.0,
            PanicAverage = panic / 10.0,
            Concurrency = concurrency,
            SinceLastCall = TimeSpan.FromSeconds(concurrency > 0 ? 0 : idle),
            Ready = ready,
            Starting = starting,
            CallsPerInstance = calls,
            TargetUtilisation = utilisation / 10.0,
            Min = min,
            Max = max,
            Floor = floor,
        });
}
