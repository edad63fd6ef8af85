using System.Globalization;
using Npgsql;
using Virga.Core.Problems;

namespace Virga.State.Stores.Postgres;

/// <summary>The tables of shared state in PostgreSQL, and how older ones become current. Entry N of the list leads from version N to N + 1.</summary>
internal static class PostgresSchema
{
    // Any number that nobody else uses in the same database: "virga st".
    private const long MigrationLock = 0x7669726761207374;

    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE virga.state (
            tenant text COLLATE "C" NOT NULL,
            namespace text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            -- The binary form of the record; what follows is in it too, and stands here for queries.
            record bytea NOT NULL,
            -- Counts the row's changes: a writer names the one that it has read.
            version bigint NOT NULL,
            live boolean NOT NULL,
            kind smallint,
            -- When a live row expires, and when a deletion may be forgotten; Unix milliseconds.
            due_at bigint,
            -- The transaction that changed it last, for the feed.
            changed bigint NOT NULL,
            PRIMARY KEY (tenant, namespace, key)
        );
        CREATE INDEX state_changed ON virga.state (changed);
        CREATE INDEX state_due ON virga.state (due_at) WHERE due_at IS NOT NULL;

        -- One row: a feed that goes on from before this transaction may lack deletions.
        CREATE TABLE virga.state_feed (horizon bigint NOT NULL);
        INSERT INTO virga.state_feed VALUES (0);
        """,
    ];

    /// <summary>Makes the schema, or brings it up to date. Nodes that start at the same time wait for each other.</summary>
    /// <exception cref="ProblemException"><c>state-corrupted</c>: a newer Virga has made it, or the database is of no use for it.</exception>
    public static async Task MigrateAsync(NpgsqlDataSource source, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({MigrationLock})", cancellation);
        if (await ScalarAsync(connection, "SHOW server_encoding", cancellation) is not "UTF8" and var encoding)
        {
            throw new ProblemException(KnownProblems.StateCorrupted($"The database '{connection.Database}' keeps text as {encoding}; shared state has keys in all of Unicode.", "Create one with ENCODING 'UTF8' and name that."));
        }

        await ExecuteAsync(connection, "CREATE SCHEMA IF NOT EXISTS virga; CREATE TABLE IF NOT EXISTS virga.state_schema (version int NOT NULL)", cancellation);
        var version = Convert.ToInt32(await ScalarAsync(connection, "SELECT coalesce(max(version), 0) FROM virga.state_schema", cancellation), CultureInfo.InvariantCulture);
        if (version > Migrations.Length)
        {
            throw new ProblemException(KnownProblems.StateCorrupted(
                $"Shared state in the database '{connection.Database}' has schema version {version}; this Virga knows versions up to {Migrations.Length}.", "Update this node to the version of the others."));
        }

        for (; version < Migrations.Length; version++)
        {
            await ExecuteAsync(connection, Migrations[version], cancellation);
            await ExecuteAsync(connection, $"INSERT INTO virga.state_schema VALUES ({version + 1})", cancellation);
        }

        // A database that was restored elsewhere has transactions of another count: the feed begins anew.
        await ExecuteAsync(
            connection,
            """
            UPDATE virga.state_feed SET horizon = pg_current_xact_id()::text::bigint
            WHERE greatest(horizon, (SELECT max(changed) FROM virga.state)) > pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
            UPDATE virga.state SET changed = pg_current_xact_id()::text::bigint
            WHERE (SELECT horizon FROM virga.state_feed) = pg_current_xact_id()::text::bigint;
            """,
            cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellation);
    }
}
