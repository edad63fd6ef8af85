using Virga.Topics.Ledgers;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>An append that a test can wait for. A second end would throw on the thread of the store.</summary>
internal sealed class AwaitedAppend : LedgerAppend
{
    private readonly TaskCompletionSource<long> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The entry's place when it is confirmed; the failure when it is not.</summary>
    public Task<long> End => _end.Task;

    /// <summary>What else happens when it is confirmed, on the store's thread.</summary>
    public Action<long>? WhenConfirmed { get; init; }

    public override void Confirmed()
    {
        WhenConfirmed?.Invoke(EntryId);
        _end.SetResult(EntryId);
    }

    public override void Failed(Exception failure) => _end.SetException(failure);
}
