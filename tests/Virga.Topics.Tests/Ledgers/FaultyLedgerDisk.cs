using Microsoft.Win32.SafeHandles;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>
/// A disk that can fail as disks do: a write finds no room, a synchronisation fails and the system drops what it had not written, the power goes. What was written and not
/// synchronised is lost then, or torn.
/// </summary>
internal sealed class FaultyLedgerDisk : LedgerDisk
{
    private const int SectorBytes = 512;
    private const int NoSpace = 28;
    private const int InputOutputError = 5;

    private readonly Lock _writing = new();
    private readonly List<(string Path, long Offset, int Length)> _unsynchronised = [];
    private readonly HashSet<string> _lost = [];
    private volatile bool _isFull;
    private volatile bool _isOff;

    /// <summary>Whether writes find no room.</summary>
    public bool IsFull
    {
        get => _isFull;
        set => _isFull = value;
    }

    /// <summary>How many of the next synchronisations of a segment fail.</summary>
    public int FailingSynchronisations { get; set; }

    /// <summary>Files whose names end like this find no room; null for none.</summary>
    public string? RefusedSuffix { get; set; }

    /// <summary>Files that were synchronised once more after that had failed.</summary>
    public List<string> AskedAgain { get; } = [];

    /// <summary>Whether all that was written is on disk, but for the marks of a quiet log, which hold nothing.</summary>
    public bool IsSettled
    {
        get
        {
            lock (_writing)
            {
                return _unsynchronised.TrueForAll(static write => write.Length == SegmentFormat.BatchHeaderBytes);
            }
        }
    }

    public override void Allocate(SafeFileHandle file, string path, long bytes)
    {
        if (_isFull || _isOff)
        {
            throw new IOException("No space left on device", NoSpace);
        }

        base.Allocate(file, path, bytes);
    }

    public override void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        lock (_writing)
        {
            if (_isOff)
            {
                throw new IOException("Input/output error", InputOutputError);
            }

            _unsynchronised.Add((path, offset, bytes.Length));
            if (_isFull || (RefusedSuffix is { } refused && path.EndsWith(refused, StringComparison.Ordinal)))
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
        lock (_writing)
        {
            if (_isOff)
            {
                throw new IOException("Input/output error", InputOutputError);
            }

            if (_lost.Contains(path))
            {
                AskedAgain.Add(path);
            }

            if (FailingSynchronisations > 0 && path.EndsWith(".log", StringComparison.Ordinal))
            {
                FailingSynchronisations--;
                _lost.Add(path);
                Lose(path, null);
                throw new IOException("Input/output error", InputOutputError);
            }

            _unsynchronised.RemoveAll(write => write.Path == path);
        }
    }

    /// <summary>Nothing reaches the disk any more.</summary>
    public void TurnOff() => _isOff = true;

    /// <summary>What was not synchronised is not there any more; with chance, some sectors of it are.</summary>
    public void Lose(Random? chance)
    {
        lock (_writing)
        {
            foreach (var path in _unsynchronised.Select(static write => write.Path).Distinct().ToList())
            {
                Lose(path, chance);
            }
        }
    }

    private void Lose(string path, Random? chance)
    {
        if (File.Exists(path))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            foreach (var (_, offset, length) in _unsynchronised.Where(write => write.Path == path))
            {
                var zeros = new byte[SectorBytes];
                for (var at = offset; at < offset + length;)
                {
                    var next = Math.Min(offset + length, (at / SectorBytes * SectorBytes) + SectorBytes);
                    if (chance is null || chance.Next(3) > 0)
                    {
                        RandomAccess.Write(file, zeros.AsSpan(0, (int)(next - at)), at);
                    }

                    at = next;
                }
            }
        }

        _unsynchronised.RemoveAll(write => write.Path == path);
    }
}
