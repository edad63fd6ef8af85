using Virga.Core.Resources;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class PackageTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    private const string ReadThenWrite =
        "echo; read -r go; cat /code/main.py /code/lib/util.py; touch /code/x /code/lib/x /code/main.py 2>/dev/null && echo wrote; cd /code && pwd";

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task A_package_appears_in_a_running_sandbox_and_is_read_only(bool userNamespace, bool mountsPackages)
    {
        string suffix = $"{userNamespace}-{mountsPackages}";
        SandboxOptions options = sandboxes.Options with
        {
            NodeId = $"{sandboxes.NodeId}-{suffix}",
            ScratchRoot = Path.Combine(sandboxes.DataFolder, suffix),
            Bubblewrap = new BubblewrapMode(userNamespace, mountsPackages),
        };
        using SandboxHost host = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.SkipWhen(host.Capabilities.Bubblewrap is null, host.Capabilities.BubblewrapMissing ?? string.Empty);
        await using SandboxProcess worker = host.Launch(sandboxes.ShellSpec(ReadThenWrite) with { ScratchDirectory = Path.Combine(options.ScratchRoot, "worker") });
        await SandboxFixture.ReadLineAsync(worker);

        worker.AttachPackage(await PackageAsync(suffix));
        await SandboxFixture.SayAsync(worker, "go");

        worker.CodeRoot.ShouldBe("/code");
        (await SandboxFixture.ReadAllAsync(worker.Channel)).ShouldBe("import lib\nutil = 1\n/code\n");
    }

    [Fact]
    public async Task One_package_serves_many_sandboxes_and_outlives_them()
    {
        string package = await PackageAsync("shared");
        for (int i = 0; i < 3; i++)
        {
            await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec(ReadThenWrite));
            await SandboxFixture.ReadLineAsync(worker);
            worker.AttachPackage(package);
            await SandboxFixture.SayAsync(worker, "go");
            (await SandboxFixture.ReadAllAsync(worker.Channel)).ShouldContain("util = 1");
        }

        Directory.EnumerateFiles(package, "*", SearchOption.AllDirectories).Count().ShouldBe(2);
        (await File.ReadAllTextAsync("/proc/self/mountinfo", TestContext.Current.CancellationToken)).ShouldNotContain("/code");
    }

    [Fact]
    public async Task A_missing_package_is_named()
    {
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec(ReadThenWrite));
        await SandboxFixture.ReadLineAsync(worker);

        Should.Throw<SandboxException>(() => worker.AttachPackage("/nowhere/package")).Message.ShouldContain("/nowhere/package");
    }

    [Fact]
    public async Task Without_isolation_the_package_is_where_it_is()
    {
        string package = await PackageAsync("process");
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.ShellSpec("echo; read -r root; cat $root/main.py") with { Isolation = Isolation.Process });
        await SandboxFixture.ReadLineAsync(worker);

        worker.AttachPackage(package);
        await SandboxFixture.SayAsync(worker, worker.CodeRoot);

        worker.CodeRoot.ShouldBe(package);
        (await SandboxFixture.ReadAllAsync(worker.Channel)).ShouldBe("import lib\n");
    }

    private async Task<string> PackageAsync(string name)
    {
        string package = Path.Combine(sandboxes.DataFolder, "packages", name);
        Directory.CreateDirectory(Path.Combine(package, "lib"));
        await File.WriteAllTextAsync(Path.Combine(package, "main.py"), "import lib\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(package, "lib", "util.py"), "util = 1\n", TestContext.Current.CancellationToken);
        return package;
    }
}
