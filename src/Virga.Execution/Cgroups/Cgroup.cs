using System.Globalization;
using Virga.Execution.Processes;

namespace Virga.Execution.Cgroups;

/// <summary>The control group of one instance: its limits, its use, and the certainty that all its processes can be ended.</summary>
internal abstract partial class Cgroup(IReadOnlyList<string> directories)
{
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_slowestRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_removalPatience = TimeSpan.FromSeconds(10);

    /// <summary>The group's directory in each hierarchy it is in.</summary>
    protected IReadOnlyList<string> Directories { get; } = directories;

    /// <summary>A process of one thread that writes <c>0</c> to each of these files is in the group.</summary>
    internal abstract IEnumerable<string> EntryFiles { get; }

    /// <summary>How many of its processes the kernel has ended for want of memory.</summary>
    internal abstract long OutOfMemoryKills { get; }

    /// <summary>Memory in use now; null when memory is not accounted.</summary>
    internal abstract long? MemoryBytes { get; }

    /// <summary>
    /// Memory that only the end of the group, or swap, gives back: all in use but the pages of files. Those are charged
    /// to whoever was the first to touch them, shared with everybody else, and dropped when the kernel needs their memory.
    /// Null when memory is not accounted.
    /// </summary>
    internal long? ResidentBytes => MemoryBytes is { } used ? Math.Max(0, used - ReadStatistics("active_file", "inactive_file")) : null;

    /// <summary>The most memory that was in use; null when memory is not accounted.</summary>
    internal abstract long? PeakMemoryBytes { get; }

    /// <summary>CPU time that all its processes have used, those that ended included; null when it is not accounted.</summary>
    internal abstract TimeSpan? CpuTime { get; }

    /// <summary>Removes the group as soon as its last process, killed before, is gone.</summary>
    /// <exception cref="IOException">A process stays, which only one that hangs in the kernel can do.</exception>
    internal async Task RemoveAsync(TimeProvider time)
    {
        long start = time.GetTimestamp();
        TimeSpan pause = s_firstRetry;
        while (!TryRemove())
        {
            if (time.GetElapsedTime(start) > s_removalPatience)
            {
                throw new IOException($"The control group {Directories[0]} still has processes after they were killed.");
            }

            KillAll();
            await Task.Delay(pause, time);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_slowestRetry.Ticks));
        }
    }

    /// <summary>Removes the group unless it still has processes.</summary>
    internal bool TryRemove()
    {
        bool removed = true;
        foreach (string directory in Directories)
        {
            try
            {
                Directory.Delete(directory);
            }
            catch (DirectoryNotFoundException)
            {
                continue;
            }
            catch (IOException)
            {
                removed = false; // Busy: a killed process needs a moment to leave.
            }
        }

        return removed;
    }

    /// <summary>The sum of some lines of <c>memory.stat</c>, in bytes; both versions have it.</summary>
    protected abstract long ReadStatistics(string one, string other);

    protected IEnumerable<int> ProcessesIn(string directory) =>
        (ControlFile.ReadText(Path.Combine(directory, "cgroup.procs")) ?? string.Empty)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(id => int.Parse(id, CultureInfo.InvariantCulture));

    protected static void Kill(int pid) => _ = Libc.Kill(pid, Libc.SignalKill);
}
