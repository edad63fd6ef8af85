using System.Diagnostics;
using System.Globalization;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Tests.Cgroups;

/// <summary>Freezing in cgroup v2, also on machines whose controllers are in cgroup v1: the freezer needs none.</summary>
public sealed class CgroupV2Tests : IAsyncLifetime
{
    private readonly Process _worker = new() { StartInfo = new ProcessStartInfo("/usr/bin/python3", ["-c", "while True: pass"]) };
    private string? _directory;
    private CgroupV2 _group = null!;

    public async ValueTask InitializeAsync()
    {
        CgroupMount? mount = CgroupMount.ReadAll().FirstOrDefault(candidate => candidate.IsUnified);
        Assert.SkipWhen(mount is null, "needs cgroup v2");
        string directory = Path.Combine(mount.Point, $"virga-test-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"needs a writable cgroup v2: {refusal.Message}");
        }

        _directory = directory;
        _group = new CgroupV2(directory, new CgroupCapabilities(2, Memory: false, Cpu: false, Processes: false, Freezer: true, Missing: null));
        _worker.Start();
        await File.WriteAllTextAsync(Path.Combine(directory, "cgroup.procs"), _worker.Id.ToString(CultureInfo.InvariantCulture), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_directory is not null)
        {
            await _group.RemoveAsync(TimeProvider.System);
        }

        _worker.Dispose();
    }

    [Fact]
    public async Task A_frozen_group_uses_no_cpu_time_until_it_is_thawed()
    {
        (await _group.FreezeAsync(TimeProvider.System, TestContext.Current.CancellationToken)).ShouldBeTrue();
        TimeSpan frozen = ProcessTable.CpuTimeOf(_worker.Id);
        using (var other = Process.Start("/usr/bin/python3", ["-c", "import time\nwhile time.process_time() < 0.1: pass"]))
        {
            await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        frozen.ShouldBeGreaterThan(TimeSpan.Zero);
        ProcessTable.CpuTimeOf(_worker.Id).ShouldBe(frozen);

        _group.Thaw();
        while (ProcessTable.CpuTimeOf(_worker.Id) == frozen)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_group_that_is_killed_while_frozen_ends()
    {
        await _group.FreezeAsync(TimeProvider.System, TestContext.Current.CancellationToken);

        _group.KillAll();

        await _worker.WaitForExitAsync(TestContext.Current.CancellationToken);
        _worker.ExitCode.ShouldBe(128 + Libc.SignalKill);
        (await _group.FreezeAsync(TimeProvider.System, TestContext.Current.CancellationToken)).ShouldBeFalse();
    }
}
