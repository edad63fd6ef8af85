namespace Virga.Execution.Cgroups;

/// <summary>A group in the separate hierarchies of cgroup v1.</summary>
internal sealed class CgroupV1(string? memory, string? cpu, string? processes, string? freezer, string? accounting)
    : Cgroup([.. new[] { memory, cpu, processes, freezer, accounting }.OfType<string>().Distinct(StringComparer.Ordinal)])
{
    // A process cannot fork while frozen; a few rounds find those that forked before the freezer reached them.
    private const int MaxKillRounds = 100;

    private const string StateOfFreezer = "freezer.state";
    private const string Frozen = "FROZEN";
    private const string Thawed = "THAWED";
    private const string MemoryLimit = "memory.limit_in_bytes";
    private const string Statistics = "memory.stat";

    // Zero is "never" as long as other groups and files have memory to give. The other end of the scale takes nothing
    // but swappable pages.
    private const string Swappiness = "memory.swappiness";
    private const long SwapNothing = 0;
    private const long SwapRatherThanDropFiles = 200;

    private long _memoryLimit;

    // Not cgroup.procs: moving a whole process waits for all CPUs (an RCU grace period, measured at 10 ms), moving the
    // calling thread does not.
    internal override IEnumerable<string> EntryFiles => Directories.Select(directory => Path.Combine(directory, "tasks"));

    internal override long OutOfMemoryKills => memory is null ? 0 : ControlFile.ReadKeyed(Path.Combine(memory, "memory.oom_control"), "oom_kill");

    internal override long? MemoryBytes => memory is null ? null : ControlFile.ReadNumber(Path.Combine(memory, "memory.usage_in_bytes"));

    internal override long? PeakMemoryBytes => memory is null ? null : ControlFile.ReadNumber(Path.Combine(memory, "memory.max_usage_in_bytes"));

    internal override TimeSpan? CpuTime =>
        accounting is not null && ControlFile.ReadNumber(Path.Combine(accounting, "cpuacct.usage")) is { } nanoseconds ? TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick) : null;

    internal override bool CanFreeze => freezer is not null;

    internal override bool CanPushOut => memory is not null;

    protected override void SetLimits(CgroupLimits limits)
    {
        if (memory is not null)
        {
            LimitMemory(memory, limits.MemoryBytes);
            _memoryLimit = limits.MemoryBytes;
            ControlFile.WriteIfPresent(InMemory(Swappiness), $"{SwapNothing}");
        }

        if (cpu is not null)
        {
            // The saved-up time must never exceed the quota, also between the writes.
            string burst = Path.Combine(cpu, "cpu.cfs_burst_us");
            ControlFile.WriteIfPresent(burst, "0");
            ControlFile.Write(Path.Combine(cpu, "cpu.cfs_period_us"), CgroupLimits.PeriodMicroseconds);
            ControlFile.Write(Path.Combine(cpu, "cpu.cfs_quota_us"), limits.QuotaMicroseconds);
            ControlFile.WriteIfPresent(burst, $"{limits.BurstMicroseconds}");
        }

        if (processes is not null)
        {
            ControlFile.Write(Path.Combine(processes, "pids.max"), limits.MaxProcesses);
        }
    }

    protected override void KillProcesses()
    {
        string? state = freezer is null ? null : Path.Combine(freezer, StateOfFreezer);
        if (state is not null)
        {
            ControlFile.WriteIfPresent(state, Frozen);
        }

        HashSet<int> killed = [];
        for (int round = 0; round < MaxKillRounds; round++)
        {
            int before = killed.Count;
            foreach (int pid in ProcessesIn(Directories[0]).Where(killed.Add))
            {
                Kill(pid);
            }

            if (killed.Count == before)
            {
                break;
            }
        }

        if (state is not null)
        {
            ControlFile.WriteIfPresent(state, Thawed);
        }
    }

    protected override void SetFrozen(bool frozen) => ControlFile.Write(Path.Combine(freezer!, StateOfFreezer), frozen ? Frozen : Thawed);

    protected override bool HasStopped() => ControlFile.ReadText(Path.Combine(freezer!, StateOfFreezer))?.TrimEnd() == Frozen;

    // memory.force_empty would do it in one go, but drops the pages of files as well: the next answer of a node worker
    // then waits 20 ms for the disk, instead of 3 (measured). Lowering the limit takes what it says.
    protected override void PushOut(long bytes)
    {
        long used = MemoryBytes ?? 0;
        ControlFile.Write(InMemory(Swappiness), SwapRatherThanDropFiles);
        try
        {
            ControlFile.Write(InMemory(MemoryLimit), Math.Max(Environment.SystemPageSize, used - bytes));
        }
        catch (IOException)
        {
            return; // Less than that could be pushed out, and the kernel says that it is busy. What went is out.
        }
        finally
        {
            ControlFile.Write(InMemory(MemoryLimit), _memoryLimit);
            ControlFile.Write(InMemory(Swappiness), SwapNothing);
        }
    }

    protected override long ReadStatistics(string one, string other) => memory is null ? 0 : ControlFile.ReadKeyed(InMemory(Statistics), one) + ControlFile.ReadKeyed(InMemory(Statistics), other);

    private string InMemory(string file) => Path.Combine(memory!, file);

    /// <summary>
    /// Memory and memory plus swap get the same limit: what is pushed out while frozen counts on. The kernel wants the second to be at
    /// least the first at all times: which one goes first depends on the direction of the change.
    /// </summary>
    private static void LimitMemory(string directory, long bytes)
    {
        string limit = Path.Combine(directory, MemoryLimit);
        string withSwap = Path.Combine(directory, "memory.memsw.limit_in_bytes");
        bool lower = bytes < (ControlFile.ReadNumber(limit) ?? long.MaxValue);
        if (lower)
        {
            ControlFile.Write(limit, bytes);
        }

        ControlFile.WriteIfPresent(withSwap, $"{bytes}");
        if (!lower)
        {
            ControlFile.Write(limit, bytes);
        }
    }
}
