namespace Virga.Topics.Ledgers.Segments;

/// <summary>Fills batches with what waits: each ledger's entries, then changes of ledgers whose entries are all written. Of the log's thread.</summary>
internal sealed class BatchGathering(LogWork work)
{
    private readonly Queue<SegmentLedgerWriter> _writers = [];
    private readonly List<LedgerChange> _changes = [];
    private readonly List<LedgerChange> _barriers = [];
    private long _batches;

    /// <summary>Whether somebody waits for all to be on disk.</summary>
    public bool HasBarriers => _barriers.Count > 0;

    /// <summary>Fills a batch; false when there is nothing to write.</summary>
    public bool Gather(LedgerBatch batch)
    {
        // In this order: what was appended before a change was asked for is then seen before it.
        work.TakeChanges(_changes);
        work.TakeReady(_writers);
        _batches++;
        while (!batch.IsFull && _writers.TryDequeue(out var writer))
        {
            if (!writer.Fill(batch, _batches))
            {
                // The others first.
                _writers.Enqueue(writer);
            }
        }

        var kept = 0;
        for (var i = 0; i < _changes.Count; i++)
        {
            var change = _changes[i];
            if (change.Ledger?.Writer is { } writer && (writer.LastBatch == _batches || writer.HasQueued))
            {
                _changes[kept++] = change;
            }
            else
            {
                Carry(change, batch);
            }
        }

        _changes.RemoveRange(kept, _changes.Count - kept);
        return !batch.IsEmpty;
    }

    /// <summary>All is on disk.</summary>
    public void CompleteBarriers()
    {
        foreach (var barrier in _barriers)
        {
            barrier.Complete(default);
        }

        _barriers.Clear();
    }

    /// <summary>Nothing that waits comes to be.</summary>
    public void FailAll(LedgerStoreException failure)
    {
        work.TakeChanges(_changes);
        work.TakeReady(_writers);
        while (_writers.TryDequeue(out var writer))
        {
            writer.FailQueued(failure);
        }

        Fail(_changes, failure);
        Fail(_barriers, failure);
    }

    private static void Fail(List<LedgerChange> changes, LedgerStoreException failure)
    {
        foreach (var change in changes)
        {
            change.Fail(new LedgerStoreException(failure.Message, failure.InnerException ?? failure));
        }

        changes.Clear();
    }

    private void Carry(LedgerChange change, LedgerBatch batch)
    {
        switch (change.Kind)
        {
            case LedgerChangeKind.Barrier:
                _barriers.Add(change);
                break;
            case LedgerChangeKind.Flush:
                change.Complete(change.Ledger!.End);
                break;
            case LedgerChangeKind.Create:
                batch.Add(change, new LedgerState(LedgerStatus.Open, change.Epoch, new LedgerEnd(-1, 0)));
                break;
            case LedgerChangeKind.Delete:
                batch.Add(change, new LedgerState(LedgerStatus.Deleted, change.Epoch, default));
                break;
            case LedgerChangeKind.Close:
                Close(change, change.Ledger!, batch);
                break;
            default:
                throw new InvalidOperationException($"There is no change {change.Kind}.");
        }
    }

    private static void Close(LedgerChange change, SegmentLedger ledger, LedgerBatch batch)
    {
        if (ledger.Status == LedgerStatus.Deleted)
        {
            change.Fail(new LedgerNotFoundException($"Ledger {ledger.Id} was deleted."));
        }
        else if (ledger.Status == LedgerStatus.Closed)
        {
            change.Complete(ledger.End);
        }
        else if (ledger.Epoch > change.Epoch)
        {
            change.Fail(new LedgerFencedException($"Ledger {ledger.Id} was taken over by epoch {ledger.Epoch}; this is {change.Epoch}."));
        }
        else
        {
            batch.Add(change, new LedgerState(LedgerStatus.Closed, change.Epoch, ledger.End));
        }
    }
}
