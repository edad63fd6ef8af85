using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class InterpreterMountsTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    [Fact]
    public void A_program_of_the_system_needs_no_mount()
    {
        InterpreterMounts.For("/bin/sh").Mounts.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_program_below_a_prefix_runs_with_its_prefix_mounted()
    {
        string prefix = Path.Combine(sandboxes.DataFolder, "prefix");
        Directory.CreateDirectory(Path.Combine(prefix, "bin"));
        Directory.CreateDirectory(Path.Combine(prefix, "lib"));
        await File.WriteAllTextAsync(Path.Combine(prefix, "lib", "greeting"), "hello\n", TestContext.Current.CancellationToken);
        string program = Path.Combine(prefix, "bin", "tool");
        await File.WriteAllTextAsync(program, "#!/bin/sh\ncat \"${0%/bin/*}/lib/greeting\"\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        string link = Path.Combine(sandboxes.DataFolder, "tool");
        File.CreateSymbolicLink(link, program);

        (string real, IReadOnlyList<ReadOnlyMount> mounts) = InterpreterMounts.For(link);

        mounts.ShouldBe([new ReadOnlyMount(prefix, prefix)]);
        (await sandboxes.PrintedAsync(sandboxes.Spec(real) with { Mounts = mounts })).ShouldBe("hello\n");
    }
}
