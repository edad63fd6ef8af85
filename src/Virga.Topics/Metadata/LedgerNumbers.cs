using Virga.Topics.Ledgers;

namespace Virga.Topics.Metadata;

/// <summary>
/// Gives numbers to ledgers out of a block that was counted durably; for one process alone, as they only grow then. What is left of a block when the process ends is never given.
/// </summary>
internal sealed class LedgerNumbers(Func<CancellationToken, ValueTask<long>> nextBlock) : IDisposable
{
    private const int BlockSize = 1000;

    // Held while a block is fetched, so that many who find none wait for one.
    private readonly SemaphoreSlim _fetching = new(1, 1);

    // Guards the two below.
    private readonly Lock _block = new();
    private long _next;
    private long _end;

    /// <param name="cancellation">Breaks off the wait for a new block.</param>
    public async ValueTask<LedgerId> NextAsync(CancellationToken cancellation)
    {
        if (TryTake(out var id))
        {
            return id;
        }

        await _fetching.WaitAsync(cancellation);
        try
        {
            while (!TryTake(out id))
            {
                var block = await nextBlock(cancellation);
                lock (_block)
                {
                    _next = (block - 1) * BlockSize;
                    _end = block * BlockSize;
                }
            }

            return id;
        }
        finally
        {
            _fetching.Release();
        }
    }

    public void Dispose() => _fetching.Dispose();

    private bool TryTake(out LedgerId id)
    {
        lock (_block)
        {
            id = new LedgerId(_next);
            if (_next == _end)
            {
                return false;
            }

            _next++;
            return true;
        }
    }
}
