using System.Globalization;
using Virga.Core.Resources;
using Virga.Execution.Processes;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class LimitTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    private const string MemoryBomb = "x = bytearray(512 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('survived')";

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Process)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_memory_bomb_ends_out_of_memory(Isolation isolation)
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Memory, "needs the memory controller");
        sandboxes.SkipUnlessAvailable(isolation);
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.PythonSpec(MemoryBomb) with { Isolation = isolation, MemoryBytes = 64 << 20 });

        ProcessExit exit = await worker.Exited.WaitAsync(TestContext.Current.CancellationToken);

        exit.OutOfMemory.ShouldBeTrue(exit.ToString());
        exit.Signal.ShouldBe(9);
        worker.PeakMemoryBytes().ShouldBeInRange(48 << 20, worker.Spec.Limits.MemoryBytes);
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_killed_worker_is_not_called_out_of_memory(Isolation isolation)
    {
        sandboxes.SkipUnlessAvailable(isolation);
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec("echo; exec sleep 1000") with { Isolation = isolation });
        await SandboxFixture.ReadLineAsync(worker);

        worker.Kill();

        (await worker.Exited.WaitAsync(TestContext.Current.CancellationToken)).ShouldBe(new ProcessExit(137, 9, OutOfMemory: false));
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_generic_worker_gets_the_memory_of_its_function(Isolation isolation)
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Memory, "needs the memory controller");
        sandboxes.SkipUnlessAvailable(isolation);
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.PythonSpec($"{SandboxFixture.WaitForInput}\nprint(flush=True); input()\n{MemoryBomb}") with { Isolation = isolation, MemoryBytes = 64 << 20 });
        await SandboxFixture.ReadLineAsync(worker);

        worker.UpdateLimits(1L << 30, 1);
        await SandboxFixture.SayAsync(worker, "go");

        (await SandboxFixture.ReadLineAsync(worker)).ShouldBe("survived");
        worker.MemoryBytes().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_limit_below_what_is_in_use_is_refused_or_ends_the_worker()
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups is { Memory: true, Version: 1 }, "cgroup v1 refuses");
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.PythonSpec("x = b'1' * (48 << 20); print(flush=True); input()"));
        await SandboxFixture.ReadLineAsync(worker);

        Should.Throw<SandboxException>(() => worker.UpdateLimits(8 << 20, 1)).Message.ShouldContain("cannot be 8388608 bytes");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Process)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_fork_bomb_stays_within_its_limit_and_dies_with_its_sandbox(Isolation isolation)
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Processes, "needs the pids controller");
        const string bomb =
            """
            import os, time
            while True:
                try:
                    if os.fork() == 0:
                        os.setsid()
                except OSError as error:
                    os.write(1, (error.strerror + "\n").encode())
                    time.sleep(0.2)
            """;
        sandboxes.SkipUnlessAvailable(isolation);
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.PythonSpec(bomb) with { Isolation = isolation, MaxProcesses = 32 });

        // gVisor's kernel does not limit processes; it ends with all of them when it gets no more threads itself.
        (await SandboxFixture.ReadLineAsync(worker)).ShouldBe(isolation == Isolation.Gvisor ? string.Empty : "Resource temporarily unavailable");
        worker.Kill();

        await worker.Exited.WaitAsync(TestContext.Current.CancellationToken);
        await worker.DisposeAsync();
        Machine.ProcessesMentioning(bomb).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Core_dumps_are_off_and_open_files_are_limited(Isolation isolation)
    {
        (await sandboxes.PrintedByShellAsync("ulimit -c; ulimit -n", isolation)).ShouldBe("0\n4096\n");
    }

    [Fact]
    public async Task Cpu_time_of_a_worker_grows_with_its_work_alone()
    {
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.PythonSpec(
            "import time\nprint(flush=True)\ninput()\nend = time.process_time() + 0.05\nwhile time.process_time() < end: pass\nprint(time.process_time(), flush=True)\ninput()"));
        await SandboxFixture.ReadLineAsync(worker);
        TimeSpan before = worker.CpuTime();

        await SandboxFixture.SayAsync(worker, "work");
        double own = double.Parse(await SandboxFixture.ReadLineAsync(worker), CultureInfo.InvariantCulture);

        TimeSpan after = worker.CpuTime();
        (after - before).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50));
        after.TotalSeconds.ShouldBe(own, tolerance: 0.02);
    }
}
