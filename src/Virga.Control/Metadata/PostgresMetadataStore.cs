using System.Runtime.CompilerServices;
using Npgsql;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Metadata;

/// <summary>
/// Metadata in PostgreSQL, shared by all nodes of a cluster. Commits are made one after the other, so that the numbers of changes grow in the order in which they
/// become visible. It is synchronous as the database is: what was acknowledged is as durable there.
/// </summary>
internal sealed class PostgresMetadataStore(NpgsqlDataSource source, int keptChanges = 100_000) : IMetadataStore
{
    // Another node's turn lasts as long as a decision and a commit, at most a build.
    private const int TurnSeconds = 60;

    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        var newer = await PostgresFaults.RunAsync(() => PostgresSchema.MigrateAsync(source, cancellation));
        if (newer is not null)
        {
            throw new ProblemException(KnownProblems.MetadataCorrupted(
                $"The cluster's database has schema version {newer} of a newer Virga.", "Start the newer Virga that made it."));
        }
    }

    public ValueTask<StoredResource?> FindAsync(ResourceKey key, CancellationToken cancellation) =>
        FirstAsync(connection => PostgresStatements.SelectResource(connection, key), PostgresStatements.ReadResource, cancellation);

    public async ValueTask<IReadOnlyList<StoredResource>> ListAsync(ResourceKind kind, Scope scope, string? after, int limit, CancellationToken cancellation) =>
        await RowsAsync(connection => PostgresStatements.SelectResources(connection, kind, scope, after ?? "", limit), PostgresStatements.ReadResource, cancellation);

    public IAsyncEnumerable<StoredResource> ReadAllAsync(ResourceKind kind, CancellationToken cancellation) =>
        StreamAsync(connection => PostgresStatements.SelectKind(connection, kind), PostgresStatements.ReadResource, cancellation);

    public ValueTask<StoredFunctionVersion?> FindVersionAsync(FunctionName function, int version, CancellationToken cancellation) =>
        FirstAsync(connection => PostgresStatements.SelectVersion(connection, function, version), PostgresStatements.ReadVersion, cancellation);

    public async ValueTask<IReadOnlyList<StoredFunctionVersion>> ListVersionsAsync(FunctionName function, CancellationToken cancellation) =>
        await RowsAsync(connection => PostgresStatements.SelectVersions(connection, function), PostgresStatements.ReadVersion, cancellation);

    public IAsyncEnumerable<StoredFunctionVersion> ReadPinnedVersionsAsync(CancellationToken cancellation) =>
        StreamAsync(PostgresStatements.SelectPinned, PostgresStatements.ReadVersion, cancellation);

    public async ValueTask<IReadOnlySet<string>> ReadUsedPackagesAsync(CancellationToken cancellation) =>
        (await RowsAsync(PostgresStatements.SelectUsedPackages, static row => row.GetString(0), cancellation)).ToHashSet(StringComparer.Ordinal);

    public async ValueTask<IReadOnlyList<Change>> ReadChangesAsync(long after, int limit, CancellationToken cancellation)
    {
        var rows = await RowsAsync(
            connection => PostgresStatements.SelectChanges(connection, after, limit), static row => (Change: PostgresStatements.ReadChange(row), Oldest: row.GetInt64(8)), cancellation);
        return after > 0 && rows.Count > 0 && rows[0].Oldest > after + 1
            ? throw new ProblemException(KnownProblems.ChangesLost($"The oldest change that is kept has the sequence number {rows[0].Oldest}; changes after {after} were asked for."))
            : [.. rows.Select(static row => row.Change)];
    }

    public async ValueTask<long> NewestChangeAsync(CancellationToken cancellation) =>
        (await RowsAsync(PostgresStatements.SelectNewestChange, static row => row.GetInt64(0), cancellation))[0];

    public async ValueTask<IDisposable> EnterAsync(CancellationToken cancellation) => await PostgresFaults.RunAsync(async () =>
    {
        var connection = await source.OpenConnectionAsync(cancellation);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellation);
            await using var command = PostgresStatements.Command(connection, "SELECT pg_advisory_xact_lock(hashtextextended('virga.turn', 0))");
            command.Transaction = transaction;
            command.CommandTimeout = TurnSeconds;
            await command.ExecuteNonQueryAsync(cancellation);
            return new PostgresTurn(connection, transaction);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    });

    public async ValueTask<IReadOnlyList<Change>> CommitAsync(IReadOnlyList<MetadataOperation> operations, CancellationToken cancellation) => await PostgresFaults.RunAsync(async () =>
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var commit = new PostgresCommit(connection, cancellation);
        await commit.BeginAsync();
        foreach (var operation in operations)
        {
            await commit.ApplyAsync(operation);
        }

        await commit.FinishAsync(keptChanges);
        await transaction.CommitAsync(cancellation);
        return commit.Changes;
    });

    // The source belongs to whoever made it: packages use it as well.
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<T?> FirstAsync<T>(Func<NpgsqlConnection, NpgsqlCommand> select, Func<NpgsqlDataReader, T> read, CancellationToken cancellation)
        where T : class => (await RowsAsync(select, read, cancellation)).FirstOrDefault();

    private async ValueTask<List<T>> RowsAsync<T>(Func<NpgsqlConnection, NpgsqlCommand> select, Func<NpgsqlDataReader, T> read, CancellationToken cancellation) =>
        await PostgresFaults.RunReadAsync(async () =>
        {
            await using var connection = await source.OpenConnectionAsync(cancellation);
            await using var command = select(connection);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellation))
            {
                rows.Add(read(reader));
            }

            return rows;
        });

    private async IAsyncEnumerable<T> StreamAsync<T>(Func<NpgsqlConnection, NpgsqlCommand> select, Func<NpgsqlDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var connection = await PostgresFaults.RunAsync(async () => await source.OpenConnectionAsync(cancellation));
        await using var command = select(connection);
        await using var reader = await PostgresFaults.RunAsync(() => command.ExecuteReaderAsync(cancellation));
        while (await PostgresFaults.RunAsync(() => reader.ReadAsync(cancellation)))
        {
            yield return read(reader);
        }
    }

    /// <summary>Holds the cluster's turn as long as its transaction lasts. When the connection breaks, the turn is over: versions still keep commits apart.</summary>
    private sealed class PostgresTurn(NpgsqlConnection connection, NpgsqlTransaction transaction) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                transaction.Dispose();
            }
            catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException)
            {
                // The connection is gone, and the lock with it.
            }

            connection.Dispose();
        }
    }
}
