using Microsoft.Win32.SafeHandles;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>A file of the log.</summary>
internal sealed class Segment(int number, int generation, string path, SafeFileHandle file) : IDisposable
{
    private readonly List<SegmentLedger> _ledgers = [];

    /// <summary>Its place in the log.</summary>
    public int Number { get; } = number;

    /// <summary>How often it was written anew.</summary>
    public int Generation { get; } = generation;

    public string Path { get; } = path;

    public string IndexPath => Path + SegmentFormat.IndexSuffix;

    public SafeFileHandle File { get; } = file;

    /// <summary>What it may become before the next is begun.</summary>
    public int Capacity { get; init; }

    /// <summary>Whether its room was written with zeros before: synchronising it then changes nothing but the content, which takes half the time.</summary>
    public bool IsZeroed { get; init; }

    /// <summary>Where it ends, once that is decided.</summary>
    public int End { get; set; }

    /// <summary>Of the keeper alone: whether its index is on disk, so that ledgers know their parts in it.</summary>
    public bool IsIndexed { get; set; }

    /// <summary>Of the keeper alone: bytes of the frames that it holds, of ledgers that live or do not.</summary>
    public long FrameBytes { get; set; }

    /// <summary>Of the keeper alone: bytes of frames of ledgers that live.</summary>
    public long LiveBytes { get; set; }

    /// <summary>The ledgers that have entries in it: of who writes it, then of the keeper.</summary>
    public IReadOnlyList<SegmentLedger> Ledgers => _ledgers;

    public void Touch(SegmentLedger ledger)
    {
        if (ledger.LastTouched != Number)
        {
            ledger.LastTouched = Number;
            _ledgers.Add(ledger);
        }
    }

    /// <summary>Its ledgers know their parts of it now.</summary>
    public void ForgetLedgers()
    {
        _ledgers.Clear();
        _ledgers.TrimExcess();
    }

    public void Dispose() => File.Dispose();
}
