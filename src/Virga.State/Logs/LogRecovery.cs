using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Stores;
using Virga.State.Time;

namespace Virga.State.Logs;

/// <summary>Reads what the log holds. Its torn end is left out; damage before that is refused, since what follows would be lost in silence.</summary>
internal sealed class LogRecovery(string directory, Action<StateDelta> recovered)
{
    private readonly List<long> _starts = [];

    /// <summary>Where the segments begin, oldest first.</summary>
    public IReadOnlyList<long> Starts => _starts;

    /// <summary>Where the last whole batch ends.</summary>
    public long End { get; private set; }

    /// <summary>Bytes of the torn end.</summary>
    public long TornBytes { get; private set; }

    /// <summary>The latest reading of the clock that is in the log.</summary>
    public HybridTimestamp Clock { get; private set; }

    /// <summary>Reads all segments; <see cref="Starts"/> is empty when there are none.</summary>
    /// <exception cref="ProblemException"><c>state-corrupted</c>.</exception>
    public void Read()
    {
        foreach (var unfinished in Directory.GetFiles(directory, LogFormat.SegmentPattern + LogFormat.UnfinishedSuffix))
        {
            File.Delete(unfinished);
        }

        var paths = Directory.GetFiles(directory, LogFormat.SegmentPattern);
        Array.Sort(paths, StringComparer.Ordinal);
        foreach (var path in paths)
        {
            _starts.Add(LogFormat.TryParseName(path, out var start) ? start : throw Damaged(path, 0, "its name is not that of a segment"));
        }

        for (var i = 0; i < paths.Length; i++)
        {
            ReadSegment(paths[i], _starts[i], i + 1 < paths.Length ? _starts[i + 1] : null);
        }
    }

    // A segment ends where the next begins: what stands behind that was never acknowledged, and stands again in the next.
    private void ReadSegment(string path, long start, long? next)
    {
        var file = File.ReadAllBytes(path);
        if (LogFormat.ReadSegmentHeader(file, start, out var clock) is { } wrong)
        {
            throw Damaged(path, 0, wrong);
        }

        Clock = HybridTimestamp.Max(Clock, clock);
        var position = start;
        var rest = file.AsSpan(LogFormat.SegmentHeaderBytes);
        while (position < (next ?? long.MaxValue) && LogFormat.TryReadBatch(rest, position, out var header, out var body))
        {
            Deliver(body, path, position - start + LogFormat.SegmentHeaderBytes);
            Clock = HybridTimestamp.Max(Clock, header.Clock);
            var length = LogFormat.BatchHeaderBytes + header.BodyBytes;
            position += length;
            rest = rest[length..];
        }

        if (next is null)
        {
            if (WasDurable(rest, position))
            {
                throw Damaged(path, position - start + LogFormat.SegmentHeaderBytes, "what is there was on disk, and is not what was written");
            }

            TornBytes = rest.Length;
            End = position;
        }
        else if (position != next)
        {
            throw Damaged(path, position - start + LogFormat.SegmentHeaderBytes, $"the next file goes on at {LogFormat.SegmentName(next.Value)}, and what is between is missing or damaged");
        }
    }

    // A batch is written only when the one before is on disk, or (with interval durability) says in its header how much is. So a later header that says this position
    // was on disk tells damage from an end that was torn.
    private static bool WasDurable(ReadOnlySpan<byte> rest, long position)
    {
        for (var offset = 1; offset + LogFormat.BatchHeaderBytes <= rest.Length; offset++)
        {
            if (LogFormat.TryReadBatchHeader(rest[offset..], position + offset, out var header) && header.Durable > position)
            {
                return true;
            }
        }

        return false;
    }

    private void Deliver(ReadOnlySpan<byte> body, string path, long offset)
    {
        var reader = new ByteReader(body);
        while (!reader.IsAtEnd)
        {
            StateDelta delta;
            try
            {
                delta = LogEntry.Read(ref reader);
            }
            catch (StateEncodingException e)
            {
                throw Damaged(path, offset, e.Message, e);
            }

            recovered(delta);
        }
    }

    private static ProblemException Damaged(string path, long offset, string what, Exception? inner = null) => new(
        KnownProblems.StateCorrupted(
            $"The log file '{path}' is damaged at byte {offset}: {what}.",
            $"Restore the state folder from a backup. To go on without the writes that follow that byte: move later files state-*.log away and run: truncate -s {offset} '{path}' (at byte 0: move the file itself away)."),
        inner);
}
