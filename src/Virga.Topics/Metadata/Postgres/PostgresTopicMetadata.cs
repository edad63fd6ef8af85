using Npgsql;
using Virga.Core.Problems;
using Virga.Core.Storage;
using Virga.Topics.Ledgers;
using Virga.Topics.Metadata.Writes;

namespace Virga.Topics.Metadata.Postgres;

/// <summary>
/// The topics' metadata of a cluster, in PostgreSQL. The writes of a node that wait share a transaction; between nodes the rows' locks decide. Connections are made anew after the
/// server was away.
/// </summary>
public sealed class PostgresTopicMetadata : ITopicMetadata
{
    private const int MaxConnections = 8;

    private readonly NpgsqlDataSource _source;
    private readonly PostgresMetadataWriter _writer;
    private readonly WriteQueue _queue = new();
    private readonly string _where;
    private Task _writing = Task.CompletedTask;

    /// <summary>Nothing is connected until it is opened.</summary>
    /// <param name="connection">How to reach the database: a URL or a connection string of Npgsql's.</param>
    /// <exception cref="ProblemException"><c>invalid-request</c>: the address cannot be read.</exception>
    public PostgresTopicMetadata(string connection)
    {
        var settings = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(connection)) { MaxAutoPrepare = 32, KeepAlive = 10 };
        settings.ApplicationName ??= "virga";

        // One writes; a node has some twenty connections in all.
        settings.MaxPoolSize = Math.Min(settings.MaxPoolSize, MaxConnections);
        _where = $"{settings.Host}:{settings.Port}/{settings.Database}";
        _source = NpgsqlDataSource.Create(settings);
        _writer = new PostgresMetadataWriter(_source);
    }

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-unavailable</c>, <c>topics-corrupted</c>.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        await ReadingAsync(async () =>
        {
            await PostgresMetadataSchema.MigrateAsync(_source, cancellation);
            return true;
        });
        _writing = Task.Run(WriteUntilCompletedAsync, CancellationToken.None);
    }

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-unavailable</c>.</exception>
    public async ValueTask<MetadataValue?> GetAsync(string key, CancellationToken cancellation)
    {
        var wanted = MetadataKey.Of(key);
        return await ReadingAsync<MetadataValue?>(async () =>
        {
            await using var command = _source.CreateCommand("SELECT value, version FROM virga.topic_metadata WHERE key = $1");
            command.Parameters.Add(new() { Value = wanted.Bytes });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            return await row.ReadAsync(cancellation) ? new MetadataValue(row.GetFieldValue<byte[]>(0), row.GetInt64(1)) : null;
        });
    }

    /// <inheritdoc/>
    /// <exception cref="ProblemException">
    /// <c>topics-unavailable</c>, <c>storage-full</c>. Where the connection broke while the transaction was under way, it may have been written: read before it is repeated.
    /// </exception>
    public async ValueTask<long[]> WriteAsync(IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation) =>
        writes.Count == 0 ? [] : await _queue.WriteAsync(PendingWrite.Of(writes, cancellation));

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-unavailable</c>.</exception>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, MetadataValue>>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellation)
    {
        var (from, below) = MetadataKey.Range(prefix, after);
        return await ReadingAsync(async () =>
        {
            await using var command = _source.CreateCommand("SELECT key, value, version FROM virga.topic_metadata WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3");
            command.Parameters.Add(new() { Value = from });
            command.Parameters.Add(new() { Value = below });
            command.Parameters.Add(new() { Value = limit });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            var found = new List<KeyValuePair<string, MetadataValue>>();
            while (await row.ReadAsync(cancellation))
            {
                found.Add(KeyValuePair.Create(new MetadataKey(row.GetFieldValue<byte[]>(0)).ToString(), new MetadataValue(row.GetFieldValue<byte[]>(1), row.GetInt64(2))));
            }

            return found;
        });
    }

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-unavailable</c>.</exception>
    public async ValueTask<LedgerId> NextLedgerAsync(CancellationToken cancellation)
    {
        // One at a time: a block of this node's own would be behind numbers that another node has given since, and the ledgers of a topic are in the order of their numbers.
        var count = await _queue.WriteAsync(PendingWrite.OfLedgerNumber(cancellation));
        return new LedgerId(count[0] - 1);
    }

    /// <summary>Writes what still waits, and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Complete();
        await _writing;
        await _source.DisposeAsync();
    }

    private async Task WriteUntilCompletedAsync()
    {
        var waiting = new List<PendingWrite>();
        while (await _queue.TakeAsync(waiting))
        {
            if (waiting.Count == 0)
            {
                continue;
            }

            var batch = new MetadataBatch(waiting);
            try
            {
                await _writer.WriteAsync(batch);
            }
            catch (Exception exception)
            {
                batch.Fail(PostgresMetadataFaults.IsKnown(exception) ? PostgresMetadataFaults.Translate(exception, _where) : exception);
                continue;
            }

            batch.Complete();
        }
    }

    // Repeated once: a connection that the server has closed long ago says so at its next use.
    private async Task<T> ReadingAsync<T>(Func<Task<T>> read)
    {
        for (var isRepeated = false; ; isRepeated = true)
        {
            try
            {
                return await read();
            }
            catch (Exception exception) when (PostgresMetadataFaults.IsKnown(exception))
            {
                if (isRepeated || !PostgresMetadataFaults.IsBroken(exception))
                {
                    throw PostgresMetadataFaults.Translate(exception, _where);
                }
            }
        }
    }
}
