using System.Globalization;

namespace Virga.Execution.Processes;

/// <summary>Questions to the kernel about running processes.</summary>
internal static class ProcessTable
{
    private const int NanosecondsPerTick = 100;

    /// <summary>The children of a process's main thread; none when it has ended.</summary>
    internal static IReadOnlyList<int> ChildrenOf(int pid)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{pid}/task/{pid}/children")
                .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return []; // The process has ended: it has no children any more.
        }
    }

    /// <summary>A process and all that descend from it, children after their parents.</summary>
    internal static IReadOnlyList<int> TreeOf(int pid)
    {
        List<int> tree = [pid];
        for (int i = 0; i < tree.Count; i++)
        {
            tree.AddRange(ChildrenOf(tree[i]));
        }

        return tree;
    }

    /// <summary>The CPU time that a process has used in all its threads: one system call, no file. Zero once it has ended.</summary>
    internal static unsafe TimeSpan CpuTimeOf(int pid)
    {
        // The kernel's clock id of another process's CPU clock (CPUCLOCK_SCHED), see clock_getcpuclockid(3).
        int clock = (~pid << 3) | 2;
        Libc.TimeSpecification time;
        return Libc.ClockGetTime(clock, &time) == 0
            ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / NanosecondsPerTick))
            : TimeSpan.Zero;
    }

    /// <summary>A line of <c>/proc/PID/status</c> in bytes, such as <c>VmRSS</c> or <c>VmHWM</c>. Zero once it has ended.</summary>
    internal static long MemoryOf(int pid, string field) => ReadMemory($"/proc/{pid}/status", field);

    /// <summary>The memory that a process holds, with its part of what it shares. Zero once it has ended.</summary>
    internal static long ProportionalMemoryOf(int pid)
    {
        try
        {
            return ReadMemory($"/proc/{pid}/smaps_rollup", "Pss");
        }
        catch (UnauthorizedAccessException)
        {
            return MemoryOf(pid, "VmRSS"); // Of another user: the kernel tells no more.
        }
    }

    /// <summary>Whether SIGKILL waits for a process to act upon it.</summary>
    internal static bool IsKilled(int pid)
    {
        const ulong kill = 1UL << (Libc.SignalKill - 1);
        try
        {
            foreach (string line in File.ReadLines($"/proc/{pid}/status"))
            {
                // Of the thread, and of the whole process.
                if (line.StartsWith("SigPnd:", StringComparison.Ordinal) || line.StartsWith("ShdPnd:", StringComparison.Ordinal))
                {
                    if ((ulong.Parse(line.AsSpan("SigPnd:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & kill) != 0)
                    {
                        return true;
                    }
                }
            }
        }
        catch (IOException)
        {
            return false; // The process has ended.
        }

        return false;
    }

    private static long ReadMemory(string path, string field)
    {
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                if (line.StartsWith(field, StringComparison.Ordinal) && line[field.Length] == ':')
                {
                    return long.Parse(line.AsSpan(field.Length + 1, line.Length - field.Length - 1 - " kB".Length), CultureInfo.InvariantCulture) * 1024;
                }
            }
        }
        catch (IOException)
        {
            return 0; // The process has ended.
        }

        return 0;
    }
}
