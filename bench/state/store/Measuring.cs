using System.Diagnostics;

namespace Virga.Bench.State;

/// <summary>Runs work for a time and gives what it took.</summary>
internal static class Measuring
{
    /// <summary>Work of several threads, as often as they can; only counted.</summary>
    /// <param name="work">Is given the thread's number and how often it has run; does so many operations.</param>
    public static Figure Throughput(string name, int threads, TimeSpan duration, int operationsPerCall, Action<int, int> work)
    {
        long done = 0;
        long allocated = 0;
        using var start = new Barrier(threads + 1);
        var running = Enumerable.Range(0, threads).Select(thread => new Thread(() =>
        {
            start.SignalAndWait();
            var began = Stopwatch.GetTimestamp();
            var before = GC.GetAllocatedBytesForCurrentThread();
            long calls = 0;
            while (Stopwatch.GetElapsedTime(began) < duration)
            {
                work(thread, (int)calls++);
            }

            Interlocked.Add(ref done, calls * operationsPerCall);
            Interlocked.Add(ref allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        })).ToList();
        running.ForEach(static thread => thread.Start());
        var cpu = Environment.CpuUsage.TotalTime;
        start.SignalAndWait();
        var clock = Stopwatch.StartNew();
        running.ForEach(static thread => thread.Join());
        return new Figure(name, done / clock.Elapsed.TotalSeconds, null, null, (double)allocated / done, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / done);
    }

    /// <summary>Operations of several clients, one after the other in each; every one is timed.</summary>
    public static async Task<Figure> LatencyAsync(string name, int clients, TimeSpan duration, Func<int, int, ValueTask> operation)
    {
        var samples = new List<long>[clients];
        var clock = Stopwatch.StartNew();
        var before = GC.GetTotalAllocatedBytes();
        var cpu = Environment.CpuUsage.TotalTime;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var own = samples[client] = new List<long>(1 << 16);
            for (var i = 0; clock.Elapsed < duration; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await operation(client, i);
                own.Add(Stopwatch.GetTimestamp() - began);
            }
        })));
        var elapsed = clock.Elapsed;
        var used = Environment.CpuUsage.TotalTime - cpu;
        var allocated = GC.GetTotalAllocatedBytes() - before;
        var all = samples.SelectMany(static one => one).Order().ToArray();
        return new Figure(name, all.Length / elapsed.TotalSeconds, Micro(all[all.Length / 2]), Micro(all[all.Length * 99 / 100]), (double)allocated / all.Length, used.TotalMicroseconds / all.Length);
    }

    private static double Micro(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
