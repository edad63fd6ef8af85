using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Virga.Bench.Topics.Load;

/// <summary>Waits for points of time, more closely than the runtime's timers do and without keeping a core busy.</summary>
internal static partial class Pace
{
    private const int SetTimerSlack = 29;

    /// <summary>Of the thread that will wait: the kernel may not put its waits together with others (prctl(2), PR_SET_TIMERSLACK).</summary>
    public static void Prepare() => _ = Prctl(SetTimerSlack, 1, 0, 0, 0);

    /// <summary>Waits until a time of the stopwatch has come.</summary>
    public static void Until(long due)
    {
        var left = due - Stopwatch.GetTimestamp();
        if (left > 0)
        {
            // Stopwatch ticks are nanoseconds on Linux.
            var time = new TimeSpec { Seconds = left / Stopwatch.Frequency, Nanoseconds = left % Stopwatch.Frequency };
            _ = Nanosleep(in time, IntPtr.Zero);
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int Nanosleep(in TimeSpec time, IntPtr left);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
