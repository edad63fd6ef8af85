using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Virga.Topics.Metadata;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// Which ledgers there are, who owns them and where they end: in the topics' metadata, since RabbitMQ can neither list streams to its clients nor decide between two of them.
/// </summary>
internal sealed class LedgerDirectory(ITopicMetadata metadata)
{
    private const string Prefix = "rabbitmq/ledger/";
    private const int PageSize = 500;

    /// <summary>Enters a new ledger.</summary>
    /// <returns>The version of its record.</returns>
    /// <exception cref="LedgerStoreException">It was entered before.</exception>
    public async ValueTask<long> AddAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation)
    {
        try
        {
            return await WriteAsync(id, new DirectoryRecord(epoch.Value), expected: 0, cancellation);
        }
        catch (MetadataConflictException exception)
        {
            throw new LedgerStoreException($"Ledger {id} exists already.", exception);
        }
    }

    /// <summary>What is known of a ledger, with the version of its record; null when it is not entered.</summary>
    public async ValueTask<(DirectoryRecord Record, long Version)?> FindAsync(LedgerId id, CancellationToken cancellation)
    {
        if (await metadata.GetAsync(KeyOf(id), cancellation) is not { } value)
        {
            return null;
        }

        try
        {
            return (JsonSerializer.Deserialize(value.Bytes.Span, DirectoryJson.Default.DirectoryRecord)!, value.Version);
        }
        catch (JsonException exception)
        {
            throw new LedgerCorruptedException($"The record '{KeyOf(id)}' of the topics' metadata cannot be read. Restore the metadata from a backup.", exception);
        }
    }

    /// <summary>Raises the epoch of an open ledger.</summary>
    /// <returns>The new version of its record.</returns>
    /// <exception cref="MetadataConflictException">Somebody else has changed it.</exception>
    public ValueTask<long> FenceAsync(LedgerId id, WriterEpoch epoch, long version, CancellationToken cancellation) =>
        WriteAsync(id, new DirectoryRecord(epoch.Value), version, cancellation);

    /// <summary>Says where a ledger ends, for good.</summary>
    /// <exception cref="MetadataConflictException">Somebody else has fenced or closed it.</exception>
    public async ValueTask CloseAsync(LedgerId id, WriterEpoch epoch, LedgerEnd end, long version, CancellationToken cancellation) =>
        await WriteAsync(id, new DirectoryRecord(epoch.Value, end.LastEntry, end.Bytes), version, cancellation);

    public async ValueTask RemoveAsync(LedgerId id, CancellationToken cancellation) =>
        await metadata.WriteAsync([new MetadataWrite(KeyOf(id), Value: null, Expected: null)], cancellation);

    public async IAsyncEnumerable<LedgerId> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        string? after = null;
        while (await metadata.ListAsync(Prefix, after, PageSize, cancellation) is { Count: > 0 } page)
        {
            foreach (var (key, _) in page)
            {
                yield return new LedgerId(long.Parse(key.AsSpan(Prefix.Length), CultureInfo.InvariantCulture));
            }

            after = page[^1].Key;
        }
    }

    private async ValueTask<long> WriteAsync(LedgerId id, DirectoryRecord record, long expected, CancellationToken cancellation)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(record, DirectoryJson.Default.DirectoryRecord);
        return (await metadata.WriteAsync([new MetadataWrite(KeyOf(id), bytes, expected)], cancellation))[0];
    }

    // With zeros in front, so that the order of the keys is that of the numbers.
    private static string KeyOf(LedgerId id) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id.Value:d19}");
}
