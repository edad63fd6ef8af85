using Microsoft.Win32.SafeHandles;
using Virga.State.Logs;

namespace Virga.State.Tests.Logs;

/// <summary>
/// A disk that can fail as disks do: a write finds no room, a synchronisation fails and the system drops what it had not written, the power goes. What was written and not
/// synchronised is lost then.
/// </summary>
internal sealed class FaultyDisk : LogDisk
{
    private const int NoSpace = 28;
    private const int InputOutputError = 5;

    private readonly Lock _writing = new();
    private readonly List<(string Path, long Offset, int Length)> _unsynchronised = [];

    /// <summary>Whether writes find no room.</summary>
    public bool IsFull { get; set; }

    /// <summary>How many of the next synchronisations fail.</summary>
    public int FailingSynchronisations { get; set; }

    public int Synchronisations { get; private set; }

    /// <summary>While set, synchronisations take for ever: they end when it is completed.</summary>
    public TaskCompletionSource? Slow { get; set; }

    /// <summary>Synchronisations that go on.</summary>
    public int Synchronising { get; private set; }

    public override void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        lock (_writing)
        {
            _unsynchronised.Add((path, offset, bytes.Length));
            if (IsFull)
            {
                // As a disk does: a part of it still had room.
                base.Write(file, path, bytes[..(bytes.Length / 2)], offset);
                throw new IOException("No space left on device", NoSpace);
            }

            base.Write(file, path, bytes, offset);
        }
    }

    public override void Synchronise(SafeFileHandle file, string path)
    {
        if (Slow is { } slow)
        {
            Synchronising++;
            slow.Task.Wait();
            Synchronising--;
        }

        lock (_writing)
        {
            Synchronisations++;
            if (FailingSynchronisations > 0)
            {
                FailingSynchronisations--;
                Lose(path);
                throw new IOException("Input/output error", InputOutputError);
            }

            _unsynchronised.RemoveAll(write => write.Path == path);
        }
    }

    /// <summary>What was not synchronised is not there any more.</summary>
    public void CutPower()
    {
        lock (_writing)
        {
            foreach (var path in _unsynchronised.Select(write => write.Path).Distinct().ToList())
            {
                Lose(path);
            }
        }
    }

    private void Lose(string path)
    {
        if (File.Exists(path))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            foreach (var (_, offset, length) in _unsynchronised.Where(write => write.Path == path))
            {
                RandomAccess.Write(file, new byte[length], offset);
            }
        }

        _unsynchronised.RemoveAll(write => write.Path == path);
    }
}
