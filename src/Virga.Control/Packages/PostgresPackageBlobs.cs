using System.Buffers;
using Npgsql;
using Virga.Control.Metadata;

namespace Virga.Control.Packages;

/// <summary>Packages in the cluster's database, in pieces of 1 MiB, each package in one transaction: it is there as a whole or not at all.</summary>
internal sealed class PostgresPackageBlobs(NpgsqlDataSource source) : IPackageBlobs
{
    private const int ChunkBytes = 1 << 20;

    public async ValueTask<bool> ContainsAsync(string digest, CancellationToken cancellation) => await PostgresFaults.RunReadAsync(async () =>
    {
        await using var command = source.CreateCommand("SELECT 1 FROM virga.packages WHERE digest = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = digest });
        return await command.ExecuteScalarAsync(cancellation) is not null;
    });

    public async Task StoreAsync(string digest, Stream zip, CancellationToken cancellation) => await PostgresFaults.RunAsync(async () =>
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Another node that stores the same package is waited for here; afterwards it is there. A row that was not updated has no xmax.
        await using var claim = PostgresStatements.Command(
            connection, "INSERT INTO virga.packages (digest, touched_at) VALUES ($1, now()) ON CONFLICT (digest) DO UPDATE SET touched_at = now() RETURNING xmax = 0", digest);
        if (await claim.ExecuteScalarAsync(cancellation) is true)
        {
            await StoreChunksAsync(connection, digest, zip, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return true;
    });

    public async Task<bool> ReadAsync(string digest, Stream zip, CancellationToken cancellation) => await PostgresFaults.RunAsync(async () =>
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var command = PostgresStatements.Command(connection, "SELECT bytes FROM virga.package_chunks WHERE digest = $1 ORDER BY number", digest);
        await using var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SequentialAccess, cancellation);
        var isThere = false;
        while (await reader.ReadAsync(cancellation))
        {
            isThere = true;
            await using var chunk = await reader.GetStreamAsync(0, cancellation);
            await chunk.CopyToAsync(zip, cancellation);
        }

        return isThere;
    });

    public ValueTask TouchAsync(IReadOnlyCollection<string> digests, CancellationToken cancellation) =>
        ExecuteAsync("UPDATE virga.packages SET touched_at = now() WHERE digest = ANY($1)", digests.ToArray(), cancellation);

    public async ValueTask<IReadOnlyList<string>> FindOlderThanAsync(TimeSpan age, CancellationToken cancellation) => await PostgresFaults.RunReadAsync(async () =>
    {
        await using var command = source.CreateCommand("SELECT digest FROM virga.packages WHERE touched_at < now() - $1");
        command.Parameters.Add(new NpgsqlParameter { Value = age });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(reader.GetString(0));
        }

        return found;
    });

    public ValueTask RemoveAsync(IReadOnlyCollection<string> digests, CancellationToken cancellation) =>
        ExecuteAsync("DELETE FROM virga.packages WHERE digest = ANY($1)", digests.ToArray(), cancellation);

    private static async Task StoreChunksAsync(NpgsqlConnection connection, string digest, Stream zip, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (var number = 0; await zip.ReadAtLeastAsync(buffer.AsMemory(0, ChunkBytes), ChunkBytes, throwOnEndOfStream: false, cancellation) is > 0 and var length; number++)
            {
                await using var insert = PostgresStatements.Command(
                    connection, "INSERT INTO virga.package_chunks (digest, number, bytes) VALUES ($1, $2, $3)", digest, number, new ReadOnlyMemory<byte>(buffer, 0, length));
                await insert.ExecuteNonQueryAsync(cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask ExecuteAsync(string sql, string[] digests, CancellationToken cancellation) => await PostgresFaults.RunReadAsync(async () =>
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter { Value = digests });
        return await command.ExecuteNonQueryAsync(cancellation);
    });
}
