using Virga.Execution.Processes;

namespace Virga.Execution.Cgroups;

/// <summary>A group in the single hierarchy of cgroup v2.</summary>
internal sealed class CgroupV2(string directory, CgroupCapabilities capabilities) : Cgroup([directory])
{
    private const int SwapRatherThanDropFiles = 200;

    internal override IEnumerable<string> EntryFiles => [Path.Combine(directory, "cgroup.procs")];

    internal override long OutOfMemoryKills => ControlFile.ReadKeyed(Path.Combine(directory, "memory.events"), "oom_kill");

    internal override long? MemoryBytes => ControlFile.ReadNumber(Path.Combine(directory, "memory.current"));

    // memory.peak exists from Linux 5.19 on.
    internal override long? PeakMemoryBytes => ControlFile.ReadNumber(Path.Combine(directory, "memory.peak")) ?? MemoryBytes;

    internal override bool CanFreeze => capabilities.Freezer;

    // memory.reclaim exists from Linux 5.19 on.
    internal override bool CanPushOut => capabilities.Memory && File.Exists(Path.Combine(directory, "memory.reclaim"));

    protected override long SwappableBytes
    {
        get
        {
            string statistics = Path.Combine(directory, "memory.stat");
            return ControlFile.ReadKeyed(statistics, "active_anon") + ControlFile.ReadKeyed(statistics, "inactive_anon");
        }
    }

    internal override void Limit(CgroupLimits limits)
    {
        if (capabilities.Memory)
        {
            ControlFile.Write(Path.Combine(directory, "memory.max"), limits.MemoryBytes);
            ForbidSwap();
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
    // can swap only between these two, that is while it is frozen and its memory is pushed out.
    protected override void AllowSwap() => ControlFile.WriteIfPresent(Path.Combine(directory, "memory.swap.max"), "max");

    protected override void ForbidSwap() => ControlFile.WriteIfPresent(Path.Combine(directory, "memory.swap.max"), "0");

    protected override void TryPushOut(long bytes)
    {
        string reclaim = Path.Combine(directory, "memory.reclaim");
        try
        {
            ControlFile.Write(reclaim, $"{bytes} swappiness={SwapRatherThanDropFiles}");
        }
        catch (IOException refusal) when (refusal.HResult == Libc.InvalidArgument)
        {
            TryPushOutOfAnyKind(reclaim, bytes);
        }
        catch (IOException)
        {
            return; // Less than that could be pushed out, and the kernel wants to be asked again. What went is out.
        }
    }

    /// <summary>On kernels that do not know the word <c>swappiness</c> here: pages of files are dropped as well.</summary>
    private static void TryPushOutOfAnyKind(string reclaim, long bytes)
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
