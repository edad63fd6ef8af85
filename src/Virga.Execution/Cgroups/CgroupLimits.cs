using System.Runtime.InteropServices;

namespace Virga.Execution.Cgroups;

/// <summary>What the processes of a group may use together.</summary>
/// <param name="MemoryBytes">Memory, including the pages of their temporary files.</param>
/// <param name="Cpu">Cores; a fraction is a share of each tenth of a second.</param>
/// <param name="MaxProcesses">Processes and threads.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CgroupLimits(long MemoryBytes, double Cpu, int MaxProcesses)
{
    /// <summary>The time over which the kernel enforces <see cref="Cpu"/>.</summary>
    internal const long PeriodMicroseconds = 100_000;

    // The kernel refuses quotas below one millisecond.
    private const long MinQuotaMicroseconds = 1_000;

    /// <summary>CPU time per period.</summary>
    internal long QuotaMicroseconds => Math.Max(MinQuotaMicroseconds, (long)(Cpu * PeriodMicroseconds));

    /// <summary>
    /// Unused time that may be saved up for later, so that a small instance that was idle answers its next call at
    /// the speed of a whole core. The kernel allows at most the quota.
    /// </summary>
    internal long BurstMicroseconds => Math.Clamp(PeriodMicroseconds - QuotaMicroseconds, 0, QuotaMicroseconds);
}
