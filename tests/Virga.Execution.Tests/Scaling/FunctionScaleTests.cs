using Virga.Execution.Scaling;
using Virga.Execution.Tests.Scaling.Simulation;

namespace Virga.Execution.Tests.Scaling;

public sealed class FunctionScaleTests
{
    private const long Second = 1_000_000;
    private readonly ManualTime _time = new();
    private readonly FunctionScale _scale;

    public FunctionScaleTests() => _scale = new FunctionScale(AutoscalerSettings.Default, _time);

    [Fact]
    public void A_load_brings_instances_and_its_end_takes_them_away_down_to_zero()
    {
        for (var call = 0; call < 35; call++)
        {
            _scale.CallCame(_time.Now);
        }

        After(seconds: 120);
        Desired(ready: 1).ShouldBe(5);
        for (var call = 0; call < 35; call++)
        {
            _scale.CallEnded(_time.Now);
        }

        After(seconds: 61);
        Desired(ready: 5).ShouldBe(2);
        Desired(ready: 2).ShouldBe(1);
        After(seconds: 58);
        Desired(ready: 1).ShouldBe(1);
        After(seconds: 1);
        Desired(ready: 1).ShouldBe(0);
        _scale.Last.Reason.ShouldBe(ScaleReason.Idle);
    }

    [Fact]
    public void A_call_that_lasts_keeps_its_instance_however_long_ago_it_came()
    {
        _scale.CallCame(_time.Now);
        After(seconds: 3600);
        Desired(ready: 1).ShouldBe(1);
    }

    [Fact]
    public void A_day_that_the_machine_slept_ends_in_zero_and_the_next_call_finds_everything_in_order()
    {
        _scale.CallCame(_time.Now);
        _scale.CallEnded(_time.Now + Second);
        After(seconds: 86_400);
        Desired(ready: 1).ShouldBe(0);
        _scale.CallCame(_time.Now);
        After(seconds: 1);
        Desired(ready: 1).ShouldBe(1);
    }

    private void After(int seconds) => _time.Now += seconds * Second;

    private int Desired(int ready) => _scale.Decide(new PoolScale(ready, Starting: 0, CallsPerInstance: 10, TargetUtilisation: 0.7, Min: 0, Max: 100, Floor: 0)).Desired;
}
