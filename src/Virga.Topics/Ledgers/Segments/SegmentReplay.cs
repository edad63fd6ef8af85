namespace Virga.Topics.Ledgers.Segments;

/// <summary>Takes the frames of segments in the log's order, and knows then which ledgers there are.</summary>
internal sealed class SegmentReplay(LedgerTable table)
{
    // The ledger of the frame before; frames of one ledger lie together.
    private SegmentLedger? _last;

    /// <summary>Takes the frames of a batch.</summary>
    /// <param name="segment">Where they are.</param>
    /// <param name="frames">Checked.</param>
    /// <param name="offset">Where in the segment.</param>
    public void Take(Segment segment, ReadOnlySpan<byte> frames, int offset)
    {
        while (!frames.IsEmpty)
        {
            var header = SegmentFormat.ReadFrameHeader(frames);
            if (header.Entry == SegmentFormat.StateFrame)
            {
                TakeState(header.Ledger, SegmentFormat.ReadState(frames.Slice(SegmentFormat.FrameHeaderBytes, SegmentFormat.StateBytes)));
            }
            else
            {
                TakeEntry(segment, header, offset);
            }

            offset += header.FrameBytes;
            frames = frames[header.FrameBytes..];
        }
    }

    private void TakeState(long id, in LedgerState state)
    {
        _last = null;
        if (state.Status == LedgerStatus.Deleted)
        {
            if (table.TryGet(id, out var deleted))
            {
                // Its segments have it still among those that they know of.
                deleted.Status = LedgerStatus.Deleted;
                table.Remove(id);
            }

            return;
        }

        var ledger = LedgerOf(id);
        ledger.Epoch = Math.Max(ledger.Epoch, state.Epoch);
        ledger.Restore(state);
    }

    private void TakeEntry(Segment segment, in FrameHeader header, int offset)
    {
        var ledger = _last?.Id == header.Ledger ? _last : _last = LedgerOf(header.Ledger);
        var next = ledger.End.LastEntry + 1;
        if (header.Entry < next)
        {
            // It stands in a segment that was written anew, too, and that one was there already.
            return;
        }

        if (header.Entry > next)
        {
            ledger.IsDamaged = true;
        }

        segment.Touch(ledger);
        ledger.Add(new Run { Segment = segment, First = header.Entry, Count = 1, Offset = offset, Length = header.FrameBytes, DataBytes = header.Length });
    }

    // One that is not known was deleted (its end comes later in the log), or the catalogue is lost.
    private SegmentLedger LedgerOf(long id)
    {
        if (!table.TryGet(id, out var ledger))
        {
            ledger = new SegmentLedger(id, epoch: 0) { Status = LedgerStatus.Open };
            table.TryAdd(ledger);
        }

        return ledger;
    }
}
