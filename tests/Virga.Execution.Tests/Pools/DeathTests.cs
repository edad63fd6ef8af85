using Virga.Core.Resources;
using Virga.Execution.Processes;
using Virga.Execution.Tests.Sandboxes;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Pools;

/// <summary>An instance that dies at the worst moment costs at most the call that it had, and leaves nothing on the machine.</summary>
public sealed class DeathTests : IAsyncLifetime
{
    private const string Hello = "def handler(event, ctx):\n    return 'hello'\n";
    private const int Rounds = 8;

    private static readonly (int Status, string Body) Served = (200, "\"hello\"");
    private static readonly (int Status, string Body) Crashed = (502, "crashed");
    private static readonly KeepWarm FreezeAtOnce = new() { Idle = Duration.FromSeconds(0) };

    private TestNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync(options => options with { ScaleInterval = TimeSpan.FromMilliseconds(10) });

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        Machine.CgroupsOf(_node.Id).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_instance_that_dies_while_it_is_being_frozen_costs_one_call_at_most()
    {
        var function = _node.Python(Hello, spec => spec with { KeepWarm = FreezeAtOnce, MaxInstances = 1 });
        for (var round = 0; round < Rounds; round++)
        {
            var leaving = await _node.CooledAsync(function, state => state is "freezing" or "frozen");

            TestNode.Kill(leaving.Instances[0].Pid);

            await CostsOneCallAtMostAsync(function, leaving.Instances[0].Pid, _node.CallAsync(function));
        }
    }

    [Fact]
    public async Task An_instance_that_dies_while_it_is_woken_costs_one_call_at_most()
    {
        var function = _node.Python(Hello, spec => spec with { KeepWarm = FreezeAtOnce, MaxInstances = 1 });
        for (var round = 0; round < Rounds; round++)
        {
            var frozen = await _node.CooledAsync(function, state => state is "frozen");

            var waking = Task.Run(() => _node.CallAsync(function));
            TestNode.Kill(frozen.Instances[0].Pid);

            await CostsOneCallAtMostAsync(function, frozen.Instances[0].Pid, waking);
        }
    }

    [Fact]
    public async Task An_instance_that_dies_while_it_loads_its_function_is_a_crash_for_those_who_wait()
    {
        var function = _node.Python("import os\nos.kill(os.getpid(), 9)\n");

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _node.CallAsync(function)));

        answers.Distinct().ShouldBe([Crashed]);
    }

    [Fact]
    public async Task A_floor_whose_first_instance_dies_while_it_loads_comes_after_the_back_off()
    {
        // Only what runs without a sandbox can remember that it has died once.
        var mark = Path.Combine(Path.GetTempPath(), $"virga-died-{Guid.NewGuid():n}");
        var function = _node.Python(
            $"import os\nif not os.path.exists('{mark}'):\n    open('{mark}', 'w').close()\n    os.kill(os.getpid(), 9)\n{Hello}",
            spec => spec with { Isolation = Isolation.Process, Provisioned = [new ProvisionedWindow { Instances = 1 }] });
        try
        {
            _node.Engine.Scheduler.VersionLive(function);

            await _node.StatusAsync(function, status => status.Instances is [{ State: "idle" }]);

            File.Exists(mark).ShouldBeTrue("the first one has died");
            (await _node.CallAsync(function)).ShouldBe(Served);
        }
        finally
        {
            File.Delete(mark);
        }
    }

    [Fact]
    public async Task A_generic_instance_that_dies_in_its_pool_is_not_given_to_a_call()
    {
        (await _node.CallAsync(_node.Python(Hello))).ShouldBe(Served);
        await _node.UntilAsync(() => _node.Engine.Scheduler.GenericPools() is [{ Ready: > 0 }]);

        // The first function's instance dies with them.
        var processes = Machine.CgroupsOf(_node.Id).SelectMany(Machine.ProcessesIn).Distinct().ToList();
        processes.ForEach(process => Libc.Kill(process, Libc.SignalKill));
        await _node.UntilAsync(() => !processes.Any(Machine.Runs));

        (await _node.CallAsync(_node.Python(Hello))).ShouldBe(Served);
    }

    // A sandbox that was killed may still answer before its end has come to its worker; a frozen one ends when it is woken.
    private async Task CostsOneCallAtMostAsync(FunctionVersion function, int killed, Task<(int Status, string Body)> first)
    {
        List<(int Status, string Body)> answers = [await first];
        while (_node.Engine.Scheduler.StatusOf(function) is { } status && status.Instances.Any(instance => instance.Pid == killed))
        {
            answers.Count.ShouldBeLessThan(5000, "the instance that was killed is still there");
            answers.Add(await _node.CallAsync(function));
        }

        answers.ShouldAllBe(answer => answer.Status == Served.Status || answer.Body == Crashed.Body);
        answers.Count(answer => answer.Status != Served.Status).ShouldBeLessThanOrEqualTo(1);
    }
}
