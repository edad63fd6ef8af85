using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Virga.Topics.Ledgers.Cold;

/// <summary>
/// A store of ledgers that hands closed ones on to a colder one: who reads does not notice where a ledger is. A ledger is in one of the two at every moment, and in both while it is handed on.
/// </summary>
public sealed class TieredLedgerStore(ILedgerStore hot, IColdLedgers cold) : ILedgerStore
{
    // Those that are known to have been handed on: they are not looked for in the hot store first.
    private readonly ConcurrentDictionary<LedgerId, bool> _cold = new();

    /// <inheritdoc/>
    public bool IsShared => hot.IsShared;

    /// <inheritdoc/>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        await hot.OpenAsync(cancellation);
        await cold.OpenAsync(cancellation);
    }

    /// <summary>Hands a closed ledger on; its space in the hot store is given back. May be repeated, also after it was broken off.</summary>
    /// <returns>What the colder store is called.</returns>
    /// <exception cref="LedgerStoreException">It cannot be handed on now; it is where it was.</exception>
    public async ValueTask<string> OffloadAsync(LedgerId id, LedgerEnd end, CancellationToken cancellation)
    {
        if (await cold.FindAsync(id, cancellation) != end)
        {
            await cold.StoreAsync(id, end, hot, cancellation);
        }

        _cold[id] = true;
        await hot.DeleteAsync(id, cancellation);
        return cold.Name;
    }

    /// <inheritdoc/>
    public ValueTask<ILedgerWriter> CreateAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation) => hot.CreateAsync(id, epoch, cancellation);

    /// <inheritdoc/>
    public async ValueTask<LedgerEnd> RecoverAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation)
    {
        try
        {
            return await hot.RecoverAsync(id, epoch, cancellation);
        }
        catch (LedgerNotFoundException)
        {
            // Only closed ledgers are handed on.
            if (await cold.FindAsync(id, cancellation) is { } end)
            {
                return end;
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation)
    {
        if (!_cold.ContainsKey(id))
        {
            try
            {
                return await hot.ReadAsync(id, first, maxEntries, maxBytes, into, cancellation);
            }
            catch (LedgerNotFoundException)
            {
                if (await cold.FindAsync(id, cancellation) is null)
                {
                    throw;
                }

                _cold[id] = true;
            }
        }

        return await cold.ReadAsync(id, first, maxEntries, maxBytes, into, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation)
    {
        await hot.DeleteAsync(id, cancellation);
        await cold.DeleteAsync(id, cancellation);
        _cold.TryRemove(id, out _);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LedgerId> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var listed = new HashSet<LedgerId>();
        await foreach (var id in hot.ListAsync(cancellation))
        {
            listed.Add(id);
            yield return id;
        }

        await foreach (var id in cold.ListAsync(cancellation))
        {
            if (listed.Add(id))
            {
                yield return id;
            }
        }
    }

    /// <summary>Closes both.</summary>
    public async ValueTask DisposeAsync()
    {
        await hot.DisposeAsync();
        await cold.DisposeAsync();
    }
}
