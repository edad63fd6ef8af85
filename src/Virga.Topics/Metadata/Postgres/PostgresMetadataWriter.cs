using Npgsql;
using Virga.Core.Problems;
using Virga.Topics.Metadata.Writes;

namespace Virga.Topics.Metadata.Postgres;

/// <summary>
/// What a batch does to the tables: one transaction, which locks the rows that are there in the order of their keys, so that nodes wait for each other and do not block each
/// other for good. A row that another node makes meanwhile cannot be locked: then the transaction begins anew.
/// </summary>
internal sealed class PostgresMetadataWriter(NpgsqlDataSource source)
{
    // Each failed attempt means that another node succeeded.
    private const int MaxCollisions = 20;

    /// <summary>Writes a batch; it is durable when this ends.</summary>
    public async Task WriteAsync(MetadataBatch batch)
    {
        var hasRetried = false;
        for (var collisions = 0; ;)
        {
            var progress = new Progress();
            try
            {
                if (await TryWriteAsync(batch, progress))
                {
                    return;
                }

                if (++collisions > MaxCollisions)
                {
                    throw new ProblemException(KnownProblems.TopicsUnavailable("Other nodes make the same keys so often that this write did not come in between."));
                }
            }
            catch (Exception exception) when (PostgresMetadataFaults.IsCollision(exception) && collisions < MaxCollisions)
            {
                collisions++;
            }
            catch (Exception exception) when (PostgresMetadataFaults.IsBroken(exception) && !progress.HasWritten && !hasRetried)
            {
                // Nothing was written: a connection that the server has closed long ago says so at its next use.
                hasRetried = true;
            }
        }
    }

    // Whether it is done; else a row was made by somebody else meanwhile.
    private async Task<bool> TryWriteAsync(MetadataBatch batch, Progress progress)
    {
        batch.Reset();
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var floor = await FindAsync(connection, batch);
        if (!batch.Plan(floor))
        {
            return true;
        }

        progress.HasWritten = true;
        if (!await ApplyAsync(connection, batch, floor))
        {
            return false;
        }

        await transaction.CommitAsync();
        return true;
    }

    private static async Task<long> FindAsync(NpgsqlConnection connection, MetadataBatch batch)
    {
        // The floor is locked only by who may raise it; others read one that holds for the keys that they have found.
        await using var find = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("SELECT key, version FROM virga.topic_metadata WHERE key = ANY($1) ORDER BY key FOR UPDATE") { Parameters = { new() { Value = KeysOf(batch.Rows) } } },
                new($"SELECT version FROM virga.topic_floor {(batch.Deletes ? "FOR UPDATE" : "")}"),
            },
        };
        await using var reader = await find.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            batch.Found(new MetadataKey(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1));
        }

        await reader.NextResultAsync();
        await reader.ReadAsync();
        return reader.GetInt64(0);
    }

    private static async Task<bool> ApplyAsync(NpgsqlConnection connection, MetadataBatch batch, long floor)
    {
        var written = batch.Rows.Where(row => row.IsWritten).ToList();
        var made = written.Where(row => row.Stored == 0 && row.Version > 0).ToList();
        var changed = written.Where(row => row.Stored > 0 && row.Version > 0).ToList();
        var deleted = written.Where(row => row.Stored > 0 && row.Version == 0).ToList();
        await using var apply = new NpgsqlBatch(connection);
        if (made.Count > 0)
        {
            apply.BatchCommands.Add(Command("INSERT INTO virga.topic_metadata (key, value, version) SELECT * FROM unnest($1, $2, $3) ON CONFLICT (key) DO NOTHING", made));
        }

        if (changed.Count > 0)
        {
            apply.BatchCommands.Add(Command(
                "UPDATE virga.topic_metadata AS t SET value = n.value, version = n.version FROM unnest($1, $2, $3) AS n (key, value, version) WHERE t.key = n.key", changed));
        }

        if (deleted.Count > 0)
        {
            apply.BatchCommands.Add(new("DELETE FROM virga.topic_metadata WHERE key = ANY($1)") { Parameters = { new() { Value = KeysOf(deleted) } } });
        }

        if (batch.Floor > floor)
        {
            apply.BatchCommands.Add(new("UPDATE virga.topic_floor SET version = $1") { Parameters = { new() { Value = batch.Floor } } });
        }

        if (apply.BatchCommands.Count == 0)
        {
            return true;
        }

        await apply.ExecuteNonQueryAsync();
        return made.Count == 0 || apply.BatchCommands[0].Rows == (ulong)made.Count;
    }

    private static NpgsqlBatchCommand Command(string sql, IReadOnlyCollection<MetadataRow> rows) => new(sql)
    {
        Parameters =
        {
            new() { Value = KeysOf(rows) },
            new() { Value = rows.Select(row => row.Value.ToArray()).ToArray() },
            new() { Value = rows.Select(row => row.Version).ToArray() },
        },
    };

    private static byte[][] KeysOf(IReadOnlyCollection<MetadataRow> rows) => [.. rows.Select(row => row.Key.Bytes)];

    private sealed class Progress
    {
        public bool HasWritten { get; set; }
    }
}
