using Virga.Core.Resources;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class FreezingTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    private const string EchoAndSpin =
        """
        import threading
        def spin():
            while True: pass
        threading.Thread(target=spin, daemon=True).start()
        print("ready", flush=True)
        while True: print(input(), flush=True)
        """;

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Process)]
    public async Task A_frozen_worker_uses_no_cpu_time_until_it_is_thawed(Isolation isolation)
    {
        await using SandboxProcess worker = await StartAsync(EchoAndSpin, isolation);

        (await worker.FreezeAsync(pushOutMemory: false, TestContext.Current.CancellationToken)).ShouldBeTrue();
        TimeSpan frozen = worker.CpuTime();
        await SandboxFixture.SayAsync(worker, "hello");
        await LetTimePassAsync();

        worker.CpuTime().ShouldBe(frozen);
        worker.Channel.Available.ShouldBe(0);
        worker.IsFrozen.ShouldBeTrue();

        worker.Thaw();
        (await SandboxFixture.ReadLineAsync(worker)).ShouldBe("hello");
        worker.CpuTime().ShouldBeGreaterThan(frozen);
        worker.IsFrozen.ShouldBeFalse();
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Process)]
    public async Task A_worker_that_is_killed_while_frozen_leaves_nothing(Isolation isolation)
    {
        string mark = $"# frozen and killed {Guid.NewGuid():N}";
        await using SandboxProcess worker = await StartAsync($"{EchoAndSpin}{mark}", isolation);
        await worker.FreezeAsync(pushOutMemory: false, TestContext.Current.CancellationToken);

        worker.Kill();

        (await worker.Exited.WaitAsync(TestContext.Current.CancellationToken)).Signal.ShouldBe(Libc.SignalKill);
        await worker.DisposeAsync();
        Machine.ProcessesMentioning(mark).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_worker_that_dies_while_frozen_ends_when_it_is_thawed()
    {
        await using SandboxProcess worker = await StartAsync(EchoAndSpin, Isolation.Process);
        await worker.FreezeAsync(pushOutMemory: false, TestContext.Current.CancellationToken);

        Libc.Kill(worker.WorkerPid, Libc.SignalKill).ShouldBe(0);
        worker.Thaw();

        (await worker.Exited.WaitAsync(TestContext.Current.CancellationToken)).Signal.ShouldBe(Libc.SignalKill);
        worker.Thaw();
    }

    [Fact]
    public async Task A_worker_that_is_stopped_between_its_kill_and_its_end_is_killed_again()
    {
        SandboxProcess worker = await StartAsync(EchoAndSpin, Isolation.Process);
        await using SandboxProcess owned = worker;
        string group = StateFileOf(worker);
        string all = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(group))!, Path.GetFileName(group));
        await File.WriteAllTextAsync(all, "FROZEN", TestContext.Current.CancellationToken);

        // The kill thaws its group, but not those above; when they are thawed, its own is stopped again.
        Task disposed = worker.DisposeAsync().AsTask();
        await File.WriteAllTextAsync(group, "FROZEN", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(all, "THAWED", TestContext.Current.CancellationToken);

        await disposed.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        (await worker.Exited).Signal.ShouldBe(Libc.SignalKill);
    }

    [Fact]
    public async Task A_worker_that_was_killed_while_frozen_is_ended_instead_of_frozen_again()
    {
        await using SandboxProcess worker = await StartAsync(EchoAndSpin, Isolation.Process);
        await worker.FreezeAsync(pushOutMemory: false, TestContext.Current.CancellationToken);
        string group = StateFileOf(worker);
        string all = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(group))!, Path.GetFileName(group));
        await File.WriteAllTextAsync(all, "FROZEN", TestContext.Current.CancellationToken);
        Libc.Kill(worker.Pid, Libc.SignalKill).ShouldBe(0);

        // Woken, and frozen again before it could act upon it.
        worker.Thaw();
        Task<bool> again = worker.FreezeAsync(pushOutMemory: false, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(all, "THAWED", TestContext.Current.CancellationToken);

        (await again).ShouldBeFalse();
        (await worker.Exited.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Signal.ShouldBe(Libc.SignalKill);
    }

    [Fact]
    public async Task What_a_killed_node_left_frozen_is_swept_by_its_next_start()
    {
        SandboxOptions options = sandboxes.Options with { NodeId = sandboxes.NodeId + "-killed", ScratchRoot = Path.Combine(sandboxes.DataFolder, "killed") };
        using SandboxHost killed = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.SkipUnless(killed.Capabilities.FreezingMissing is null, "needs the freezer");
        await using SandboxProcess left = killed.Launch(sandboxes.PythonSpec(EchoAndSpin) with { ScratchDirectory = Path.Combine(options.ScratchRoot, "left") });
        await SandboxFixture.ReadLineAsync(left);
        await left.FreezeAsync(pushOutMemory: false, TestContext.Current.CancellationToken);

        using SandboxHost next = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);

        (await left.Exited.WaitAsync(TestContext.Current.CancellationToken)).Signal.ShouldBe(Libc.SignalKill);
        Machine.CgroupsOf(options.NodeId).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_worker_that_has_ended_cannot_be_frozen_any_more()
    {
        await using SandboxProcess worker = await StartAsync("print(flush=True)", Isolation.Process);
        await worker.Exited.WaitAsync(TestContext.Current.CancellationToken);

        (await worker.FreezeAsync(pushOutMemory: true, TestContext.Current.CancellationToken)).ShouldBeFalse();
        worker.Thaw();
        await worker.DisposeAsync();
        (await worker.FreezeAsync(pushOutMemory: true, TestContext.Current.CancellationToken)).ShouldBeFalse();
        worker.Thaw();
    }

    [Fact]
    public async Task Freezing_and_thawing_again_and_again_at_the_same_time_ends_thawed()
    {
        await using SandboxProcess worker = await StartAsync(EchoAndSpin, Isolation.Process);
        for (int i = 0; i < 50; i++)
        {
            Task<bool> freezing = Task.Run(() => worker.FreezeAsync(pushOutMemory: true, TestContext.Current.CancellationToken));
            Task<bool> another = worker.FreezeAsync(pushOutMemory: false, TestContext.Current.CancellationToken);
            worker.Thaw();
            await Task.WhenAll(freezing, another);
            worker.Thaw();

            await SandboxFixture.SayAsync(worker, $"{i}");
            (await SandboxFixture.ReadLineAsync(worker)).ShouldBe($"{i}");
        }
    }

    [Fact]
    public async Task A_freeze_that_is_cancelled_leaves_the_worker_running()
    {
        await using SandboxProcess worker = await StartAsync(EchoAndSpin, Isolation.Process);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => worker.FreezeAsync(pushOutMemory: false, cancelled.Token));

        worker.IsFrozen.ShouldBeFalse();
        await SandboxFixture.SayAsync(worker, "hello");
        (await SandboxFixture.ReadLineAsync(worker)).ShouldBe("hello");
    }

    [Fact]
    public async Task Without_a_freezer_a_worker_says_that_it_cannot_be_frozen()
    {
        using var spawner = new ProcessSpawner();
        using var reaper = new ChildReaper();
        using var internet = new InternetConnector(reaper, new EgressRules(), 1);
        using var pushOut = new DedicatedThread("test-push-out");
        var groups = new NoCgroupTree();
        var launcher = new ProcessLauncher(new SandboxStarter(spawner, reaper, internet, groups, pushOut, TimeProvider.System));
        await using SandboxProcess worker = launcher.Launch(sandboxes.PythonSpec("print(flush=True)\ninput()") with { Isolation = Isolation.Process });
        await SandboxFixture.ReadLineAsync(worker);

        worker.CanFreeze.ShouldBeFalse();
        (await Should.ThrowAsync<SandboxException>(() => worker.FreezeAsync(pushOutMemory: true, TestContext.Current.CancellationToken)))
            .Message.ShouldContain("no freezer control group");
        worker.Thaw();
        worker.ResidentBytes().ShouldBeGreaterThan(1 << 20);
        new SandboxCapabilities(groups.Capabilities, null, null, null, new SwapSpace(0, 0)).FreezingMissing.ShouldNotBeNull().ShouldContain("Run the node as root");
    }

    private string StateFileOf(SandboxProcess worker)
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Version == 1, "a killed process of cgroup v2 ends though it is frozen");
        return Machine.CgroupsOf(sandboxes.NodeId).Where(path => Path.GetFileName(path) == worker.Spec.InstanceId).Select(path => Path.Combine(path, "freezer.state")).First(File.Exists);
    }

    private async Task<SandboxProcess> StartAsync(string program, Isolation isolation)
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.FreezingMissing is null, "needs the freezer");
        SandboxProcess worker = sandboxes.Host.Launch(sandboxes.PythonSpec(program) with { Isolation = isolation });
        await SandboxFixture.ReadLineAsync(worker);
        return worker;
    }

    /// <summary>As long as another worker needs for a tenth of a second of work.</summary>
    private Task LetTimePassAsync() =>
        sandboxes.PrintedAsync(sandboxes.PythonSpec("import time\nend = time.process_time() + 0.1\nwhile time.process_time() < end: pass"));
}
