using Virga.Topics.Ledgers;

namespace Virga.Topics.Compaction;

/// <summary>An entry on its way into a compacted ledger.</summary>
internal sealed class CompactionAppend : LedgerAppend
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task End => _end.Task;

    public override void Confirmed() => _end.SetResult();

    public override void Failed(Exception failure) => _end.SetException(failure);
}
