using System.Diagnostics;
using Virga.Core.Storage;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>What the disk can without anybody before it.</summary>
internal static class DiskRun
{
    public static object Run(LoadOptions options)
    {
        var (path, duration) = (Path.Combine(options.Text("directory"), "raw"), options.Seconds("seconds", 2));
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, options: FileOptions.DeleteOnClose);
        var samples = Synchronise(file, path, duration);
        return new { P50 = samples.Micros(0.5), P99 = samples.Micros(0.99), MegabytesPerSecond = Write(file, path, duration) };
    }

    private static Samples Synchronise(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path, TimeSpan duration)
    {
        var page = new byte[4096];
        var samples = new Samples();
        var clock = Stopwatch.StartNew();
        for (long i = 0; clock.Elapsed < duration; i++)
        {
            var began = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, page, i * page.Length);
            FileSystemSync.SyncContent(file, path);
            samples.Add(Stopwatch.GetTimestamp() - began);
        }

        samples.Sort();
        return samples;
    }

    // 1 MB at once, and one synchronisation at the end.
    private static double Write(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path, TimeSpan duration)
    {
        var megabyte = new byte[1 << 20];
        new Random(1).NextBytes(megabyte);
        long written = 0;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < duration)
        {
            RandomAccess.Write(file, megabyte, written);
            written += megabyte.Length;
        }

        FileSystemSync.SyncContent(file, path);
        return written / clock.Elapsed.TotalSeconds / 1e6;
    }
}
