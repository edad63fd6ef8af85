using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// What is written at once: the entries of each ledger together, then changes of ledgers. Entries are copied: a copy costs a tenth of what the disk takes for the same bytes, and a batch
/// that is one piece can be written again when the disk has lost it.
/// </summary>
internal sealed class LedgerBatch
{
    /// <summary>What is gathered for one write: more makes it no faster, and later.</summary>
    public const int MaxBytes = 4 << 20;

    private const int FirstBytes = 4 << 10;

    // Of a full batch: it ends with the entry that fills it.
    private const int LastBytes = MaxBytes + (64 << 10);

    private byte[] _bytes = new byte[FirstBytes];
    private int _frames;

    public int Length { get; private set; } = SegmentFormat.BatchHeaderBytes;

    /// <summary>The memory that it holds.</summary>
    public int Capacity => _bytes.Length;

    public bool IsFull => Length >= MaxBytes;

    public bool IsEmpty => _frames == 0;

    public List<BatchRun> Runs { get; } = [];

    public List<LedgerChange> Changes { get; } = [];

    /// <summary>Where it is in its segment.</summary>
    public int Offset { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>Adds appends of a ledger until the batch is full; gives the first that had no room.</summary>
    public LedgerAppend? Add(SegmentLedgerWriter writer, LedgerAppend head)
    {
        LedgerAppend? append = head;
        while (append is not null && !IsFull)
        {
            var first = append;
            var start = Length;
            var count = 0;
            var dataBytes = 0;
            do
            {
                AddFrame(append.Data.Span, writer.Ledger.Id, append.EntryId);
                dataBytes += append.Data.Length;
                count++;
                append = append.Next;
            }
            while (append is not null && Length - start < Run.MaxBytes && !IsFull);

            Runs.Add(new BatchRun(writer, first, first.EntryId, count, start, Length - start, dataBytes));
        }

        return append;
    }

    public void Add(LedgerChange change, in LedgerState state)
    {
        Span<byte> data = stackalloc byte[SegmentFormat.StateBytes];
        SegmentFormat.WriteState(data, state);
        AddFrame(data, change.Ledger!.Id, SegmentFormat.StateFrame);
        Changes.Add(change);
    }

    /// <summary>Writes its header; from now on it belongs there.</summary>
    public void Seal(int segment, int offset, int durable)
    {
        Offset = offset;
        SegmentFormat.WriteBatchHeader(_bytes.AsSpan(0, Length), segment, offset, durable, _frames);
    }

    /// <summary>What was confirmed need not be kept alive; where it is stays known, in case that it must be written again.</summary>
    public void ForgetAppends()
    {
        foreach (ref var run in CollectionsMarshal.AsSpan(Runs))
        {
            run = run with { Head = null };
        }

        Changes.Clear();
    }

    public void Clear()
    {
        Runs.Clear();
        Changes.Clear();
        Length = SegmentFormat.BatchHeaderBytes;
        _frames = 0;
        if (_bytes.Length > 2 * MaxBytes)
        {
            _bytes = new byte[FirstBytes];
        }
    }

    public void AddFrame(ReadOnlySpan<byte> data, long ledger, long entry)
    {
        var end = Length + SegmentFormat.FrameHeaderBytes + data.Length;
        if (end > _bytes.Length)
        {
            Grow(end);
        }

        var frame = _bytes.AsSpan(Length..end);
        data.CopyTo(frame[SegmentFormat.FrameHeaderBytes..]);
        SegmentFormat.WriteFrameHeader(frame, ledger, entry);
        Length = end;
        _frames++;
    }

    private void Grow(int atLeast)
    {
        var larger = GC.AllocateUninitializedArray<byte>(Math.Max(atLeast, Math.Min(_bytes.Length * 2, LastBytes)));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        _bytes = larger;
    }
}
