using Virga.Control.Metadata;

namespace Virga.Control.Changes;

/// <summary>
/// The way by which every change goes into the store: one author at a time, so that what was checked still holds when it is committed; followers of the feed are woken after each.
/// </summary>
internal sealed class ChangeLog(IMetadataStore store) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Waits until no one else changes anything; disposing the result lets the next one in.</summary>
    public async ValueTask<Turn> EnterAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        return new Turn(this);
    }

    /// <summary>Commits operations. The caller has the turn.</summary>
    public async ValueTask<IReadOnlyList<Change>> CommitAsync(IReadOnlyList<MetadataOperation> operations)
    {
        // Not cancelled by a client that goes away: memory follows the store, so a commit is seen through.
        var changes = await store.CommitAsync(operations, CancellationToken.None);
        Interlocked.Exchange(ref _next, NewSignal()).SetResult();
        return changes;
    }

    /// <summary>Ends at the next commit. Taken before the store is read, so that no change falls between the two.</summary>
    public Task NextChange => Volatile.Read(ref _next).Task;

    public void Dispose() => _turn.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The right to change, until it is disposed.</summary>
    internal readonly struct Turn(ChangeLog owner) : IDisposable
    {
        public void Dispose() => owner._turn.Release();
    }
}
