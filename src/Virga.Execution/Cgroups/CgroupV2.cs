namespace Virga.Execution.Cgroups;

/// <summary>A group in the single hierarchy of cgroup v2.</summary>
internal sealed class CgroupV2(string directory, CgroupCapabilities capabilities) : Cgroup([directory])
{
    internal override IEnumerable<string> EntryFiles => [Path.Combine(directory, "cgroup.procs")];

    internal override long OutOfMemoryKills => ControlFile.ReadKeyed(Path.Combine(directory, "memory.events"), "oom_kill");

    internal override long? MemoryBytes => ControlFile.ReadNumber(Path.Combine(directory, "memory.current"));

    // memory.peak exists from Linux 5.19 on.
    internal override long? PeakMemoryBytes => ControlFile.ReadNumber(Path.Combine(directory, "memory.peak")) ?? MemoryBytes;

    internal override TimeSpan? CpuTime =>
        ControlFile.ReadKeyed(Path.Combine(directory, "cpu.stat"), "usage_usec") is > 0 and var microseconds ? TimeSpan.FromMicroseconds(microseconds) : null;

    internal override void Limit(CgroupLimits limits)
    {
        if (capabilities.Memory)
        {
            ControlFile.Write(Path.Combine(directory, "memory.max"), limits.MemoryBytes);
            ControlFile.WriteIfPresent(Path.Combine(directory, "memory.swap.max"), "0");
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

    internal override void KillAll()
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
}
