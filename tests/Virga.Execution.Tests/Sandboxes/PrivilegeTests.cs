using System.Globalization;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class PrivilegeTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    private const string CallFunction =
        """
        import ctypes, errno
        libc = ctypes.CDLL(None, use_errno=True)
        def call(name, number, *arguments):
            ctypes.set_errno(0)
            result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])
            print(name, "ok" if result >= 0 else errno.errorcode[ctypes.get_errno()], flush=True)

        """;

    [Fact]
    public async Task A_worker_has_no_capabilities_no_new_privileges_and_a_filter()
    {
        string status = await sandboxes.PrintedByShellAsync("cat /proc/self/status");

        status.ShouldContain("CapEff:\t0000000000000000");
        status.ShouldContain("CapPrm:\t0000000000000000");
        status.ShouldContain("CapBnd:\t0000000000000000");
        status.ShouldContain("CapInh:\t0000000000000000");
        status.ShouldContain("CapAmb:\t0000000000000000");
        status.ShouldContain("NoNewPrivs:\t1");
        status.ShouldContain("Seccomp:\t2");
    }

    [Fact]
    public async Task Two_workers_are_two_unprivileged_users()
    {
        Assert.SkipWhen(sandboxes.Host.Capabilities.Bubblewrap is { UserNamespace: true }, "without root all workers are the node's user");
        await using var first = sandboxes.Host.Launch(sandboxes.ShellSpec("id -u; id -G; read -r wait"));
        await using var second = sandboxes.Host.Launch(sandboxes.ShellSpec("id -u; read -r wait"));

        string firstUser = await SandboxFixture.ReadLineAsync(first);
        string secondUser = await SandboxFixture.ReadLineAsync(second);

        firstUser.ShouldNotBe(secondUser);
        uint.Parse(firstUser, CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(sandboxes.Options.FirstUserId);
        (await SandboxFixture.ReadLineAsync(first)).ShouldBe(firstUser, "the groups of the node must be gone");
    }

    [Fact]
    public async Task System_calls_that_lead_out_of_sandboxes_are_denied()
    {
        // x86-64 numbers; the table for arm64 is tested by interpreting its filter.
        Assert.SkipUnless(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "x86-64 numbers");
        string answers = await sandboxes.PrintedAsync(sandboxes.PythonSpec(CallFunction +
            """
            call("unshare", 272, 0x10000000)
            call("mount", 165, 0, 0, 0, 0, 0)
            call("ptrace", 101, 0, 0, 0, 0)
            call("bpf", 321, 0, 0, 0)
            call("setns", 308, 0, 0)
            call("io_uring_setup", 425, 1, 0)
            call("keyctl", 250, 0)
            call("open_by_handle_at", 304, 0, 0, 0)
            call("clone-new-user", 56, 0x10000000 | 17, 0, 0, 0, 0)
            call("clone3", 435, 0, 0)
            call("personality", 135, 0x0040000)
            call("vsock", 41, 40, 1, 0)
            call("tiocsti", 16, 0, 0x5412, 0)
            call("personality-query", 135, 0xffffffff)
            call("socket", 41, 2, 1, 0)
            call("getpid", 39)
            """));

        answers.TrimEnd().Split('\n').ShouldBe(
        [
            "unshare EPERM", "mount EPERM", "ptrace EPERM", "bpf EPERM", "setns EPERM", "io_uring_setup EPERM", "keyctl EPERM",
            "open_by_handle_at EPERM", "clone-new-user EPERM", "clone3 ENOSYS", "personality EPERM", "vsock EAFNOSUPPORT", "tiocsti EPERM",
            "personality-query ok", "socket ok", "getpid ok",
        ]);
    }

    [Fact]
    public async Task Calls_of_another_abi_kill_the_worker()
    {
        Assert.SkipUnless(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "x86-64 only");
        await using var worker = sandboxes.Host.Launch(sandboxes.PythonSpec(CallFunction + "call('getpid', 0x40000000 + 39)"));

        (await worker.Exited.WaitAsync(TestContext.Current.CancellationToken)).Signal.ShouldBe(31, "SIGSYS");
    }

    [Fact]
    public async Task Variables_for_the_loader_reach_the_worker_but_no_privileged_program()
    {
        var spec = sandboxes.ShellSpec("echo $LD_LIBRARY_PATH; echo $GREETING") with
        {
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["LD_LIBRARY_PATH"] = "/code/lib", ["GREETING"] = "hi" },
        };

        (await sandboxes.PrintedAsync(spec)).ShouldBe("/code/lib\nhi\n");
    }
}
