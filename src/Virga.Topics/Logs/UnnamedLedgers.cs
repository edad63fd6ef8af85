using System.Globalization;
using Virga.Topics.Ledgers;
using Virga.Topics.Metadata;

namespace Virga.Topics.Logs;

/// <summary>
/// The ledgers that no topic's record names, though they are there: those that are about to be named, and those that are named no more and are being deleted. In a store that several nodes share each is
/// entered in the metadata, so that another node can collect what a crash has left. Naming takes the entry away in the same write that changes the topic's record, on the condition that it is as it was when
/// it was made: whoever collects a ledger changes its entry first, and from then on nobody can name it, however slow. A store of one node needs none of that: see <see cref="Brokers.OrphanLedgers"/>.
/// </summary>
internal sealed class UnnamedLedgers(ILedgerStore ledgers, ITopicMetadata metadata)
{
    /// <summary>What their keys begin with.</summary>
    public const string Prefix = "unnamed-ledger/";

    // What an entry says is only who has it: none for those who make or delete the ledger, a mark for who collects it.
    private static readonly byte[] s_pending = [0];
    private static readonly byte[] s_condemned = [1];

    /// <summary>Gives a new ledger its number, before it is made.</summary>
    public async ValueTask<UnnamedLedger> BeginAsync(CancellationToken cancellation)
    {
        var id = await metadata.NextLedgerAsync(cancellation);
        return new UnnamedLedger(id, ledgers.IsShared ? (await metadata.WriteAsync([new MetadataWrite(KeyOf(id), s_pending, 0)], cancellation))[0] : 0);
    }

    /// <summary>Says that it is still being made, when that takes long.</summary>
    /// <exception cref="MetadataConflictException">It was collected.</exception>
    public async ValueTask<UnnamedLedger> TouchAsync(UnnamedLedger ledger, CancellationToken cancellation) =>
        ledgers.IsShared ? ledger with { Version = (await metadata.WriteAsync([new MetadataWrite(KeyOf(ledger.Id), s_pending, ledger.Version)], cancellation))[0] } : ledger;

    /// <summary>What is written together with the record that names it; conflicts when it was collected.</summary>
    public IReadOnlyList<MetadataWrite> Naming(UnnamedLedger ledger) => ledgers.IsShared ? [new MetadataWrite(KeyOf(ledger.Id), null, ledger.Version)] : [];

    /// <summary>What is written together with the record that names ledgers no more, before they are deleted.</summary>
    public IReadOnlyList<MetadataWrite> Dropping(IEnumerable<LedgerId> dropped) => ledgers.IsShared ? [.. dropped.Select(static id => new MetadataWrite(KeyOf(id), s_pending, null))] : [];

    /// <summary>Deletes a ledger that no record names.</summary>
    public async ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation)
    {
        await ledgers.DeleteAsync(id, cancellation);
        if (ledgers.IsShared)
        {
            await metadata.WriteAsync([new MetadataWrite(KeyOf(id), null, null)], cancellation);
        }
    }

    /// <summary>Deletes a ledger for whoever has left it.</summary>
    /// <param name="ledger">As it was found.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <returns>False when somebody has named, touched or collected it since.</returns>
    public async ValueTask<bool> CollectAsync(UnnamedLedger ledger, CancellationToken cancellation)
    {
        try
        {
            await metadata.WriteAsync([new MetadataWrite(KeyOf(ledger.Id), s_condemned, ledger.Version)], cancellation);
        }
        catch (MetadataConflictException)
        {
            return false;
        }

        await DeleteAsync(ledger.Id, cancellation);
        return true;
    }

    /// <summary>Some of them, in the order of their numbers.</summary>
    /// <param name="after">Only those behind this one; null from the beginning.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellation">Breaks off.</param>
    public async ValueTask<IReadOnlyList<UnnamedLedger>> ListAsync(LedgerId? after, int limit, CancellationToken cancellation)
    {
        var found = await metadata.ListAsync(Prefix, after is { } id ? KeyOf(id) : null, limit, cancellation);
        return [.. found.Select(static entry => new UnnamedLedger(new LedgerId(long.Parse(entry.Key.AsSpan(Prefix.Length), CultureInfo.InvariantCulture)), entry.Value.Version))];
    }

    // With zeros in front, so that the order of the keys is that of the numbers.
    private static string KeyOf(LedgerId id) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id.Value:d19}");
}
