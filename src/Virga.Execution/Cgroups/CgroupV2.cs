using Virga.Execution.Processes;

namespace Virga.Execution.Cgroups;

/// <summary>A group in the single hierarchy of cgroup v2.</summary>
internal sealed class CgroupV2(string directory, CgroupCapabilities capabilities) : Cgroup([directory])
{
    private const int SwapRatherThanDropFiles = 200;
    private const string NoSwap = "0";
    private const string AnySwap = "max";

    internal override IEnumerable<string> EntryFiles => [Path.Combine(directory, "cgroup.procs")];

    internal override long OutOfMemoryKills => ControlFile.ReadKeyed(Path.Combine(directory, "memory.events"), "oom_kill");

    internal override long? MemoryBytes => ControlFile.ReadNumber(Path.Combine(directory, "memory.current"));

    // memory.peak exists from Linux 5.19 on.
    internal override long? PeakMemoryBytes => ControlFile.ReadNumber(Path.Combine(directory, "memory.peak")) ?? MemoryBytes;

    internal override TimeSpan? CpuTime =>
        ControlFile.ReadKeyed(Path.Combine(directory, "cpu.stat"), "usage_usec") is > 0 and var microseconds ? TimeSpan.FromMicroseconds(microseconds) : null;

    internal override bool CanFreeze => capabilities.Freezer;

    // memory.reclaim exists from Linux 5.19 on.
    internal override bool CanPushOut => capabilities.Memory && File.Exists(Path.Combine(directory, "memory.reclaim"));

    protected override void SetLimits(CgroupLimits limits)
    {
        if (capabilities.Memory)
        {
            ControlFile.Write(Path.Combine(directory, "memory.max"), limits.MemoryBytes);
            LimitSwap(NoSwap);
            ControlFile.WriteIfPresent(Path.Combine(directory, "memory.oom.group"), "1");
        }

        if (capabilities.Cpu)
        {
            string burst = Path.Combine(directory, "cpu.max.burst");
            ControlFile.WriteIfPresent(burst, "0");
            ControlFile.Write(Path.Combine(directory, "cpu.max"), $"{limits.QuotaMicroseconds} {CgroupLimits.PeriodMicroseconds}");
            ControlFile.WriteIfPresent(burst, $"{limits.BurstMicroseconds}");
        }

        if (capabilities.Processes)
        {
            ControlFile.Write(Path.Combine(directory, "pids.max"), limits.MaxProcesses);
        }
    }

    protected override void KillProcesses()
    {
        // cgroup.kill exists from Linux 5.14 on and is atomic.
        string kill = Path.Combine(directory, "cgroup.kill");
        if (File.Exists(kill))
        {
            ControlFile.Write(kill, "1");
            return;
        }

        foreach (int pid in ProcessesIn(directory))
        {
            Kill(pid);
        }
    }

    protected override void SetFrozen(bool frozen) => ControlFile.Write(Path.Combine(directory, "cgroup.freeze"), frozen ? "1" : "0");

    protected override bool HasStopped() => ControlFile.ReadKeyed(Path.Combine(directory, "cgroup.events"), "frozen") == 1;

    // Swap is limited apart from memory here, and a limit below what is in swap takes nothing back from there: a group
    // can swap only between these two.
    protected override void PushOut(long bytes)
    {
        string reclaim = Path.Combine(directory, "memory.reclaim");
        LimitSwap(AnySwap);
        try
        {
            ControlFile.Write(reclaim, $"{bytes} swappiness={SwapRatherThanDropFiles}");
        }
        catch (IOException refusal) when (refusal.HResult == Libc.InvalidArgument)
        {
            TryReclaimAnyKind(reclaim, bytes);
        }
        catch (IOException)
        {
            return; // Less than that could be pushed out, and the kernel wants to be asked again. What went is out.
        }
        finally
        {
            LimitSwap(NoSwap);
        }
    }

    protected override long ReadStatistics(string one, string other)
    {
        string statistics = Path.Combine(directory, "memory.stat");
        return ControlFile.ReadKeyed(statistics, one) + ControlFile.ReadKeyed(statistics, other);
    }

    private void LimitSwap(string limit) => ControlFile.WriteIfPresent(Path.Combine(directory, "memory.swap.max"), limit);

    /// <summary>On kernels that do not know the word <c>swappiness</c> here: pages of files are dropped as well.</summary>
    private static void TryReclaimAnyKind(string reclaim, long bytes)
    {
        try
        {
            ControlFile.Write(reclaim, bytes);
        }
        catch (IOException)
        {
            return; // As above.
        }
    }
}
