using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Virga.Core.Storage;

namespace Virga.Bench.Topics;

/// <summary>What the disk can without anything in between.</summary>
internal sealed class RawDisk : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly byte[] _megabyte = new byte[1 << 20];
    private long _end;
    private long _written;
    private double _seconds;

    public RawDisk(string path)
    {
        _path = path;
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, options: FileOptions.DeleteOnClose);
        new Random(1).NextBytes(_megabyte);
    }

    public Measured Latency { get; } = new();

    public double MegabytesPerSecond => _written / _seconds / 1e6;

    /// <summary>4 KB more, and on disk, one after the other.</summary>
    public void Synchronise(TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < time)
        {
            var began = Stopwatch.GetTimestamp();
            RandomAccess.Write(_file, _megabyte.AsSpan(0, 4096), _end);
            FileSystemSync.SyncContent(_file, _path);
            Latency.Samples.Add(Stopwatch.GetTimestamp() - began);
            _end += 4096;
        }

        Latency.Seconds += clock.Elapsed.TotalSeconds;
    }

    /// <summary>As much as it takes, on disk at the end.</summary>
    public void Write(TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < time)
        {
            RandomAccess.Write(_file, _megabyte, _end);
            _end += _megabyte.Length;
            _written += _megabyte.Length;
        }

        FileSystemSync.SyncContent(_file, _path);
        _seconds += clock.Elapsed.TotalSeconds;
    }

    public void Dispose() => _file.Dispose();
}
