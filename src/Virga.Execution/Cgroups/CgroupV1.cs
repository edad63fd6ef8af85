namespace Virga.Execution.Cgroups;

/// <summary>A group in the separate hierarchies of cgroup v1.</summary>
internal sealed class CgroupV1(string? memory, string? cpu, string? processes, string? freezer, string? accounting)
    : Cgroup([.. new[] { memory, cpu, processes, freezer, accounting }.OfType<string>().Distinct(StringComparer.Ordinal)])
{
    // A process cannot fork while frozen; a few rounds find those that forked before the freezer reached them.
    private const int MaxKillRounds = 100;

    // Not cgroup.procs: moving a whole process waits for all CPUs (an RCU grace period, measured at 10 ms), moving the
    // calling thread does not.
    internal override IEnumerable<string> EntryFiles => Directories.Select(directory => Path.Combine(directory, "tasks"));

    internal override long OutOfMemoryKills => memory is null ? 0 : ControlFile.ReadKeyed(Path.Combine(memory, "memory.oom_control"), "oom_kill");

    internal override long? MemoryBytes => memory is null ? null : ControlFile.ReadNumber(Path.Combine(memory, "memory.usage_in_bytes"));

    internal override long? PeakMemoryBytes => memory is null ? null : ControlFile.ReadNumber(Path.Combine(memory, "memory.max_usage_in_bytes"));

    internal override TimeSpan? CpuTime =>
        accounting is not null && ControlFile.ReadNumber(Path.Combine(accounting, "cpuacct.usage")) is { } nanoseconds ? TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick) : null;

    internal override void Limit(CgroupLimits limits)
    {
        if (memory is not null)
        {
            LimitMemory(memory, limits.MemoryBytes);
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

    internal override void KillAll()
    {
        string? state = freezer is null ? null : Path.Combine(freezer, "freezer.state");
        if (state is not null)
        {
            ControlFile.WriteIfPresent(state, "FROZEN");
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
            ControlFile.WriteIfPresent(state, "THAWED");
        }
    }

    /// <summary>
    /// Memory and memory plus swap get the same limit, so that nothing is swapped. The kernel wants the second to be at
    /// least the first at all times: which one goes first depends on the direction of the change.
    /// </summary>
    private static void LimitMemory(string directory, long bytes)
    {
        string limit = Path.Combine(directory, "memory.limit_in_bytes");
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
