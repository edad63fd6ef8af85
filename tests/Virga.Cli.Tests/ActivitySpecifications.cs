using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Hosting.Activity;

namespace Virga.Cli.Tests;

public sealed class ActivitySpecifications
{
    private static readonly FunctionName Hello = new(ResourceName.Default, ResourceName.Default, ResourceName.Parse("hello"));

    [Fact]
    public void Rates_are_those_of_the_last_ten_whole_seconds()
    {
        var window = new LatencyWindow();
        for (var second = 0; second < 30; second++)
        {
            window.Add(second, TimeSpan.FromMilliseconds(1), failed: second % 2 == 0, cold: second == 25, TimeSpan.FromMilliseconds(100));
        }

        var summary = window.Before(30);

        summary.CallsPerSecond.ShouldBe(1);
        summary.ErrorsPerSecond.ShouldBe(0.5);
        summary.ColdStartsPerSecond.ShouldBe(0.1);
        summary.Cpu.ShouldBe(TimeSpan.FromMilliseconds(100));
        window.Before(35).CallsPerSecond.ShouldBe(0.5);
        window.Before(41).P50.ShouldBeNull();
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(1)]
    [InlineData(7.3)]
    [InlineData(250)]
    [InlineData(90_000)]
    public void Percentiles_are_off_by_at_most_an_eighth(double milliseconds)
    {
        var window = new LatencyWindow();
        for (var i = 1; i <= 100; i++)
        {
            window.Add(1, TimeSpan.FromMilliseconds(i == 100 ? milliseconds * 4 : milliseconds), failed: false, cold: false, TimeSpan.Zero);
        }

        var summary = window.Before(2);

        summary.P50!.Value.TotalMilliseconds.ShouldBe(milliseconds, milliseconds / 8);
        summary.P99!.Value.TotalMilliseconds.ShouldBe(milliseconds, milliseconds / 8);
    }

    [Fact]
    public void Durations_out_of_bounds_are_counted_at_the_bounds()
    {
        var window = new LatencyWindow();

        window.Add(1, TimeSpan.FromSeconds(-1), failed: false, cold: false, TimeSpan.Zero);
        window.Add(1, TimeSpan.MaxValue, failed: false, cold: false, TimeSpan.Zero);

        window.Before(2).CallsPerSecond.ShouldBe(0.2);
    }

    [Fact]
    public void A_report_has_every_function_that_has_instances_or_was_called()
    {
        var called = new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse("called"));
        var pools = new[]
        {
            new PoolActivity(Hello, [("busy", 2, 100), ("idle", 0, 50), ("frozen", 0, 5), ("freezing", 0, 5)], Starting: 1, Queued: 3, Desired: 4, "panic", HasSnapshot: true),
            new PoolActivity(Hello, [("draining", 1, 10)], Starting: 0, Queued: 0, Desired: 0, "", HasSnapshot: false),
        };
        var calls = new Dictionary<FunctionName, WindowSummary>
        {
            [called] = new(2, 1, 0.5, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(5)),
        };

        var report = ActivityReport.Make(DateTimeOffset.UnixEpoch, pools, [], calls, memoryBudget: 1000);

        report.Functions.Select(function => function.Name).ShouldBe(["called", "hello"]);
        report.Functions[0].P99Ms.ShouldBe(5);
        var hello = report.Functions[1];
        hello.Instances.ShouldBe(new TierCounts(Starting: 1, Busy: 2, Idle: 1, Frozen: 2, Snapshots: 1));
        hello.InFlight.ShouldBe(3);
        hello.Queued.ShouldBe(3);
        hello.Memory.ShouldBe(170);
        hello.ScaleReason.ShouldBe("panic");
        hello.P50Ms.ShouldBeNull();
        report.Node.CallsPerSecond.ShouldBe(2);
        report.Node.ColdStartsPerSecond.ShouldBe(0.5);
        report.Node.Memory.ShouldBe(170);
        report.Node.MemoryBudget.ShouldBe(1000);
    }

    [Fact]
    public void The_meter_hands_every_record_on_and_forgets_who_is_not_called()
    {
        var (time, next) = (new SettableTime(), new CountingObserver());
        var meter = new ActivityMeter(next, time);

        meter.Completed(Record());
        time.Seconds += 1;

        meter.Read()[Hello].CallsPerSecond.ShouldBe(0.1);
        meter.Read()[Hello].P50!.Value.TotalMilliseconds.ShouldBe(7, 1);
        next.Count.ShouldBe(1);
        time.Seconds += 60;
        meter.Read().ShouldBeEmpty();
    }

    [Fact]
    public void The_meter_forgets_functions_also_while_nobody_reads_it()
    {
        var time = new SettableTime();
        var meter = new ActivityMeter(new CountingObserver(), time);
        for (var i = 0; i < 100; i++)
        {
            meter.Completed(Record(Hello with { Name = ResourceName.Parse($"f{i}") }));
        }

        time.Seconds += 61;
        meter.Completed(Record(Hello));

        meter.FunctionCount.ShouldBe(1);
    }

    private static InvocationRecord Record(FunctionName? name = null)
    {
        var spec = new FunctionSpec { Environment = "node", Package = "sha256:0" };
        return new InvocationRecord
        {
            Id = default,
            Function = new FunctionVersion { Name = name ?? Hello, Version = 1, Spec = spec, BuiltPackage = spec.Package },
            Trigger = Trigger.Http,
            Outcome = Outcome.Result,
            Status = 200,
            Instance = "i",
            Timing = new InvocationTiming { Queue = TimeSpan.FromMilliseconds(1), Start = TimeSpan.FromMilliseconds(2) },
            Duration = TimeSpan.FromMilliseconds(4),
            CpuTime = TimeSpan.Zero,
            PeakMemoryBytes = 0,
            BytesIn = 0,
            BytesOut = 0,
        };
    }

    private sealed class SettableTime : TimeProvider
    {
        public long Seconds { get; set; } = 100;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    private sealed class CountingObserver : IInvocationObserver
    {
        public int Count { get; private set; }

        public void Completed(in InvocationRecord record) => Count++;
    }
}
