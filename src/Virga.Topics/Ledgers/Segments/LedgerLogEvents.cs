namespace Virga.Topics.Ledgers.Segments;

/// <summary>What follows from what the log has written: entries can be read, who waits is told, the keeper has something to do. Called by the log's thread.</summary>
internal sealed class LedgerLogEvents(LedgerTable table, SegmentKeeper keeper)
{
    /// <summary>A batch is as durable as was promised.</summary>
    public void Publish(LedgerBatch batch, Segment segment)
    {
        foreach (var run in batch.Runs)
        {
            var ledger = run.Writer.Ledger;
            segment.Touch(ledger);
            ledger.Add(PlaceOf(run, batch, segment));
        }

        // Behind all of the index: who is told reads at once, and should not meet this thread.
        foreach (var run in batch.Runs)
        {
            run.Writer.Confirm(run.Head!, run.Count, run.DataBytes);
        }

        foreach (var change in batch.Changes)
        {
            Carry(change, change.Ledger!);
        }
    }

    /// <summary>A batch was not written.</summary>
    public void Fail(LedgerBatch batch, LedgerStoreException failure)
    {
        foreach (var run in batch.Runs)
        {
            if (run.Head is { } head)
            {
                run.Writer.Fail(head, run.Count, failure);
            }
        }

        foreach (var change in batch.Changes)
        {
            change.Fail(new LedgerStoreException(failure.Message, failure.InnerException ?? failure));
        }
    }

    /// <summary>Batches that were published are elsewhere now. Who reads one of their entries in between finds none, and looks again.</summary>
    public void Moved(List<LedgerBatch> batches, Segment segment)
    {
        for (var i = batches.Count - 1; i >= 0; i--)
        {
            for (var j = batches[i].Runs.Count - 1; j >= 0; j--)
            {
                var run = batches[i].Runs[j];
                run.Writer.Ledger.Cut(run.Count, run.DataBytes);
            }
        }

        foreach (var batch in batches)
        {
            foreach (var run in batch.Runs)
            {
                segment.Touch(run.Writer.Ledger);
                run.Writer.Ledger.Place(PlaceOf(run, batch, segment));
            }
        }
    }

    /// <summary>A segment is written to from now on.</summary>
    public void Begun(Segment segment) => keeper.Begun(segment);

    /// <summary>No segment before this one is written to any more.</summary>
    public void Sealed(Segment segment) => keeper.Sealed(segment);

    private static Run PlaceOf(in BatchRun run, LedgerBatch batch, Segment segment) =>
        new() { Segment = segment, First = run.First, Count = run.Count, Offset = batch.Offset + run.Offset, Length = run.Length, DataBytes = run.DataBytes };

    private void Carry(LedgerChange change, SegmentLedger ledger)
    {
        switch (change.Kind)
        {
            case LedgerChangeKind.Create:
                ledger.Status = LedgerStatus.Open;
                break;
            case LedgerChangeKind.Close:
                if (ledger.Status != LedgerStatus.Deleted)
                {
                    ledger.Status = LedgerStatus.Closed;
                }

                break;
            default:
                if (table.Remove(ledger.Id))
                {
                    keeper.Deleted(ledger);
                }

                break;
        }

        change.Complete(ledger.End);
    }
}
