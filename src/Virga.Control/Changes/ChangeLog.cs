using Virga.Control.Metadata;

namespace Virga.Control.Changes;

/// <summary>
/// The way by which every change goes into the store: one author at a time, so that what was checked still holds when it is committed; followers of the feed are woken after each.
/// Where several nodes share the store, the author is one among all of them, and knows what the others have changed.
/// </summary>
internal sealed class ChangeLog(IMetadataStore store) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private TaskCompletionSource _next = NewSignal();
    private Func<CancellationToken, ValueTask>? _catchUp;

    /// <summary>Up to which change memory follows the store. Belongs to whoever has the turn.</summary>
    public long Cursor { get; set; }

    /// <summary>Sets what brings memory up to the store, before anybody changes anything: needed where other nodes change it too.</summary>
    public void CatchUpBy(Func<CancellationToken, ValueTask> catchUp) => _catchUp = catchUp;

    /// <summary>Waits until no one else changes anything, here or on another node; disposing the result lets the next one in.</summary>
    public async ValueTask<Turn> EnterAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        IDisposable? shared = null;
        try
        {
            shared = await store.EnterAsync(cancellation);
            if (_catchUp is { } catchUp)
            {
                await catchUp(cancellation);
            }

            return new Turn(this, shared);
        }
        catch
        {
            shared?.Dispose();
            _turn.Release();
            throw;
        }
    }

    /// <summary>Waits until no one else on this node changes memory: for those who bring it up to the store.</summary>
    public async ValueTask<Turn> EnterLocallyAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        return new Turn(this, shared: null);
    }

    /// <summary>Commits operations. The caller has the turn.</summary>
    public async ValueTask<IReadOnlyList<Change>> CommitAsync(IReadOnlyList<MetadataOperation> operations)
    {
        // Not cancelled by a client that goes away: memory follows the store, so a commit is seen through.
        var changes = await store.CommitAsync(operations, CancellationToken.None);
        if (changes.Count > 0)
        {
            // Whoever has the turn had caught up, and nobody else could commit: what is ours is not applied twice.
            Cursor = changes[^1].Sequence;
        }

        Announce();
        return changes;
    }

    /// <summary>Wakes those who follow the feed: there are new changes.</summary>
    public void Announce() => Interlocked.Exchange(ref _next, NewSignal()).SetResult();

    /// <summary>Ends at the next commit. Taken before the store is read, so that no change falls between the two.</summary>
    public Task NextChange => Volatile.Read(ref _next).Task;

    public void Dispose() => _turn.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The right to change, until it is disposed.</summary>
    internal readonly struct Turn(ChangeLog owner, IDisposable? shared) : IDisposable
    {
        public void Dispose()
        {
            shared?.Dispose();
            owner._turn.Release();
        }
    }
}
