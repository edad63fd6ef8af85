namespace Virga.Topics.Ledgers.Segments;

/// <summary>Something that is to be done in the log's order besides appending.</summary>
internal sealed class LedgerChange(LedgerChangeKind kind, SegmentLedger? ledger, long epoch)
{
    private readonly TaskCompletionSource<LedgerEnd> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LedgerChangeKind Kind { get; } = kind;

    /// <summary>Which ledger; null for <see cref="LedgerChangeKind.Barrier"/>.</summary>
    public SegmentLedger? Ledger { get; } = ledger;

    /// <summary>Who does it.</summary>
    public long Epoch { get; } = epoch;

    /// <summary>Where the ledger ends when it is done.</summary>
    public Task<LedgerEnd> Done => _done.Task;

    public void Complete(LedgerEnd end) => _done.SetResult(end);

    public void Fail(Exception failure) => _done.SetException(failure);
}
