using System.IO.Pipelines;
using System.Text;
using Virga.Core.Resources;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Pools;

/// <summary>Clocks that jump end no instance that is promised, break no call, and are forgotten.</summary>
public sealed class ClockJumpTests : IAsyncLifetime
{
    private const string Hello = "def handler(event, ctx):\n    return 'hello'\n";

    private readonly JumpingTime _time = new();
    private TestNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync(options => options with { ScaleInterval = TimeSpan.FromMilliseconds(20) }, _time);

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData(400)]
    [InlineData(-400)]
    public async Task A_clock_that_is_set_by_days_keeps_the_floor_and_what_is_warm(int days)
    {
        var promised = await PromisedAsync();
        var warm = _node.Python(Hello);
        await _node.CallAsync(warm);
        var before = (Promised: PidOf(promised), Warm: PidOf(warm));

        _time.Set(TimeSpan.FromDays(days));

        await SomeTicksAsync();
        (await _node.CallAsync(promised)).ShouldBe((200, "\"hello\""));
        (await _node.CallAsync(warm)).ShouldBe((200, "\"hello\""));
        (PidOf(promised), PidOf(warm)).ShouldBe(before);
    }

    [Fact]
    public async Task A_call_outlives_that_the_clock_is_set()
    {
        var function = _node.Python("def handler(event, ctx):\n    print('begun', flush=True)\n    return b''.join(event.stream).decode()\n", spec => spec with { RequestBody = RequestBodyMode.Stream });
        var request = new Pipe();
        var call = _node.Engine.Scheduler.InvokeAsync(TestNode.Invocation(function, stream: request.Reader, time: _time), TestContext.Current.CancellationToken);
        await _node.LineAsync(line => line.Message == "begun");

        _time.Set(TimeSpan.FromDays(-3));
        await SomeTicksAsync();
        _time.Set(TimeSpan.FromDays(3));
        await SomeTicksAsync();

        await request.Writer.WriteAsync("the end"u8.ToArray(), TestContext.Current.CancellationToken);
        await request.Writer.CompleteAsync();
        await using var answer = await call;
        Encoding.UTF8.GetString(answer.Body.Span).ShouldBe("\"the end\"");
    }

    [Fact]
    public async Task A_machine_that_was_suspended_for_days_finds_its_floor_warm_and_lets_go_of_the_rest()
    {
        var promised = await PromisedAsync();
        var pid = PidOf(promised);
        var warm = _node.Python(Hello);
        await _node.CallAsync(warm);

        _time.Pass(TimeSpan.FromDays(3));

        // Kept warm for 2 min, then frozen for 1 h.
        await _node.UntilAsync(() =>
        {
            _time.Pass(TimeSpan.FromDays(1));
            return _node.Engine.Scheduler.StatusOf(warm) is null;
        });
        PidOf(promised).ShouldBe(pid);
        await using var first = await _node.InvokeAsync(promised);
        (first.Status, first.Timing.Cold).ShouldBe((200, false));
        (await _node.CallAsync(warm)).Status.ShouldBe(200);
        _node.Residency.ShouldAllBe(resident => resident.Time >= TimeSpan.Zero);
    }

    [Fact]
    public async Task A_window_that_a_clock_jumps_into_is_provisioned_and_one_that_it_jumps_out_of_no_longer()
    {
        // A window of an hour that opens in two hours.
        var opens = _time.GetUtcNow().AddHours(2);
        var function = _node.Python(Hello, spec => spec with
        {
            Provisioned = [new ProvisionedWindow { Instances = 1, Schedule = $"{opens.Minute} {opens.Hour} * * *", Duration = Duration.FromSeconds(3600) }],
            KeepWarm = new KeepWarm { Idle = Duration.FromSeconds(0), Frozen = Duration.FromSeconds(0) },
        });
        _node.Engine.Scheduler.VersionLive(function);
        await SomeTicksAsync();
        _node.Engine.Scheduler.StatusOf(function)!.Instances.ShouldBeEmpty();

        _time.Set(TimeSpan.FromHours(2.5));
        await _node.StatusAsync(function, status => status.Instances is [{ State: "idle" }]);

        _time.Set(TimeSpan.Zero);
        await _node.StatusAsync(function, status => status.Instances.Count == 0);
    }

    private async Task<FunctionVersion> PromisedAsync()
    {
        var function = _node.Python(Hello, spec => spec with { Provisioned = [new ProvisionedWindow { Instances = 1 }] });
        await _node.Engine.Scheduler.PrepareAsync(function, TestContext.Current.CancellationToken);
        _node.Engine.Scheduler.VersionLive(function);
        return function;
    }

    private int PidOf(FunctionVersion function) => _node.Engine.Scheduler.StatusOf(function)!.Instances.ShouldHaveSingleItem().Pid;

    // An instance of its own that comes and goes shows that the node has looked at all clocks.
    private async Task SomeTicksAsync()
    {
        var witness = _node.Python(Hello, spec => spec with { KeepWarm = new KeepWarm { Idle = Duration.FromSeconds(0), Frozen = Duration.FromSeconds(0) } });
        (await _node.CallAsync(witness)).Status.ShouldBe(200);
        await _node.UntilAsync(() => _node.Engine.Scheduler.StatusOf(witness) is null);
    }
}
