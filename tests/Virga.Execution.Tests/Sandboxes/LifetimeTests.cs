using System.Net.Sockets;
using Virga.Core.Resources;
using Virga.Execution.Processes;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class LifetimeTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Process)]
    [InlineData(Isolation.Gvisor)]
    public async Task The_channel_carries_bytes_both_ways_and_errors_are_apart(Isolation isolation)
    {
        sandboxes.SkipUnlessAvailable(isolation);
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec("read -r line; echo got $line; echo problem >&2") with { Isolation = isolation });

        await SandboxFixture.SayAsync(worker, "hello");

        (await SandboxFixture.ReadAllAsync(worker.Channel)).ShouldBe("got hello\n");
        (await SandboxFixture.ReadAllAsync(worker.ErrorOutput)).ShouldBe("problem\n");
    }

    [Theory]
    [InlineData("exit 0", 0, null)]
    [InlineData("exit 7", 7, null)]
    [InlineData("kill -SEGV $$", 139, 11)]
    public async Task The_end_of_a_worker_is_its_exit_code_or_signal(string script, int code, int? signal)
    {
        foreach (Isolation isolation in Enum.GetValues<Isolation>().Where(isolation => isolation != Isolation.Gvisor || sandboxes.Host.Capabilities.GvisorMissing is null))
        {
            await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec(script) with { Isolation = isolation });

            (await worker.Exited.WaitAsync(TestContext.Current.CancellationToken)).ShouldBe(new ProcessExit(code, signal, OutOfMemory: false));
        }
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Process)]
    [InlineData(Isolation.Gvisor)]
    public async Task Nothing_of_a_disposed_sandbox_is_left(Isolation isolation)
    {
        sandboxes.SkipUnlessAvailable(isolation);
        string mark = $"31536{Random.Shared.Next(100, 999)}";
        SandboxSpec spec = sandboxes.ShellSpec($"setsid sleep {mark} & (setsid sleep {mark} &) ; sleep {mark} & echo; read -r wait") with { Isolation = isolation };
        await using SandboxProcess worker = sandboxes.Host.Launch(spec);
        await SandboxFixture.ReadLineAsync(worker);
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Version > 0, "orphans of a process without a group cannot be found");
        Machine.CgroupsOf(sandboxes.NodeId).ShouldContain(group => Path.GetFileName(group) == spec.InstanceId);

        int pid = worker.Pid;

        await worker.DisposeAsync();

        // Those of other tests, which run beside this one, may be waiting to be reaped.
        Machine.ProcessesMentioning(mark).ShouldBeEmpty();
        Machine.ZombiesOf(Environment.ProcessId).ShouldNotContain(pid);
        Machine.CgroupsOf(sandboxes.NodeId).ShouldNotContain(group => Path.GetFileName(group) == spec.InstanceId);
        Directory.Exists(spec.ScratchDirectory).ShouldBeFalse();
    }

    [Fact]
    public async Task The_process_id_of_the_worker_is_the_workers()
    {
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec("echo; read -r wait # find me"));
        await SandboxFixture.ReadLineAsync(worker);

        (await File.ReadAllTextAsync($"/proc/{worker.WorkerPid}/cmdline", TestContext.Current.CancellationToken)).ShouldStartWith("/bin/sh\0-c\0echo; read -r wait # find me");
        worker.Pid.ShouldNotBe(worker.WorkerPid);
    }

    [Fact]
    public async Task A_worker_inherits_no_descriptor_and_no_ignored_signal()
    {
        string seen = await sandboxes.PrintedByShellAsync("ls /proc/self/fd; grep -E 'SigIgn|SigBlk' /proc/self/status");

        // 3 is the folder that ls itself reads; 32 and 33 are the C library's own signals.
        seen.ShouldBe("0\n1\n2\n3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n");
    }

    [Fact]
    public void A_missing_program_is_named()
    {
        Should.Throw<SandboxException>(() => sandboxes.Host.Launch(sandboxes.Spec("/opt/nothing/here")))
            .Message.ShouldContain("/opt/nothing/here does not exist; install it");
        Machine.CgroupsOf(sandboxes.NodeId).ShouldNotContain(group => group.EndsWith("nothing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_closed_channel_ends_the_input_of_the_worker()
    {
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec("while read -r line; do :; done; exit 3"));

        worker.Channel.Shutdown(SocketShutdown.Send);

        (await worker.Exited.WaitAsync(TestContext.Current.CancellationToken)).Code.ShouldBe(3);
    }

    [Fact]
    public async Task Many_sandboxes_start_and_end_at_the_same_time()
    {
        IEnumerable<Task<string>> all = Enumerable.Range(0, 20).Select(i => Task.Run(() => sandboxes.PrintedByShellAsync($"echo {i}")));

        (await Task.WhenAll(all)).ShouldBe(Enumerable.Range(0, 20).Select(i => $"{i}\n"));
    }

    [Fact]
    public async Task What_a_killed_node_left_is_swept_by_its_next_start()
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Version > 0, "leftovers are found by their groups");
        SandboxOptions options = sandboxes.Options with { NodeId = sandboxes.NodeId + "-killed", ScratchRoot = Path.Combine(sandboxes.DataFolder, "killed") };
        using SandboxHost killed = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        SandboxSpec spec = sandboxes.ShellSpec("echo; read -r wait") with { ScratchDirectory = Path.Combine(options.ScratchRoot, "left"), Isolation = Isolation.Process };
        await using SandboxProcess left = killed.Launch(spec);
        await SandboxFixture.ReadLineAsync(left);

        using SandboxHost next = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);

        (await left.Exited.WaitAsync(TestContext.Current.CancellationToken)).Signal.ShouldBe(9);
        Machine.CgroupsOf(options.NodeId).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(options.ScratchRoot).ShouldBeEmpty();
    }
}
