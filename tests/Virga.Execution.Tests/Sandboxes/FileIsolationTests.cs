using Virga.Core.Resources;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class FileIsolationTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_worker_sees_the_system_and_nothing_of_the_machine(Isolation isolation)
    {
        string root = await sandboxes.PrintedByShellAsync("ls /", isolation);

        root.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBeSubsetOf(
            ["bin", "code", "dev", "etc", "lib", "lib32", "lib64", "proc", "sbin", "sys", "tmp", "usr"]);
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Secrets_of_the_machine_are_out_of_reach(Isolation isolation)
    {
        string answers = await sandboxes.PrintedByShellAsync($"(ls /root; cat /etc/shadow; ls {sandboxes.DataFolder})", isolation);

        answers.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldAllBe(line =>
            line.Contains("No such file") || line.Contains("Permission denied"));
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task The_command_lines_in_a_sandbox_do_not_tell_the_paths_of_the_machine(Isolation isolation)
    {
        string lines = await sandboxes.PrintedByShellAsync("cat /proc/[0-9]*/cmdline", isolation);

        lines.ShouldContain("/cmdline");
        lines.ShouldNotContain("scratch");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Only_the_temporary_folders_can_be_written(Isolation isolation)
    {
        string answers = await sandboxes.PrintedByShellAsync(
            "for d in / /code /usr /usr/bin /etc /dev /proc /lib; do touch $d/x 2>/dev/null && echo wrote $d; done; touch /tmp/x /dev/shm/x && echo wrote tmp", isolation);

        answers.ShouldBe("wrote tmp\n");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_mount_is_read_only_and_its_parents_on_the_machine_may_be_closed(Isolation isolation)
    {
        sandboxes.SkipUnlessAvailable(isolation);
        string closed = Path.Combine(sandboxes.DataFolder, "closed");
        string runtime = Path.Combine(closed, "runtime");
        Directory.CreateDirectory(runtime);
        await File.WriteAllTextAsync(Path.Combine(runtime, "worker.sh"), "echo I am $0; touch /opt/runtime/x 2>/dev/null || echo read-only", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var spec = sandboxes.Spec("/bin/sh", "/opt/runtime/worker.sh") with { Isolation = isolation, Mounts = [new ReadOnlyMount(runtime, "/opt/runtime")] };

        (await sandboxes.PrintedAsync(spec)).ShouldBe("I am /opt/runtime/worker.sh\nread-only\n");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Filling_the_temporary_folder_ends_in_no_space(Isolation isolation)
    {
        sandboxes.SkipUnlessAvailable(isolation);
        var spec = sandboxes.ShellSpec("cat /dev/zero 2>&1 >/tmp/fill; stat -c %s /tmp/fill") with { Isolation = isolation, TmpBytes = 1 << 20 };

        string answer = await sandboxes.PrintedAsync(spec);

        answer.ShouldContain("No space left on device");
        answer.ShouldEndWith("\n1048576\n");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task The_user_of_a_worker_has_a_name_and_a_home(Isolation isolation)
    {
        (await sandboxes.PrintedByShellAsync("id -un; echo $HOME; hostname; pwd", isolation)).ShouldBe("virga\n/tmp\nvirga\n/\n");
    }
}
