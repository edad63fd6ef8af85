using System.Globalization;
using Npgsql;
using Virga.Core.Problems;

namespace Virga.Topics.Metadata.Postgres;

/// <summary>The tables of the topics' metadata in PostgreSQL, and how older ones become current. Entry N of the list leads from version N to N + 1.</summary>
internal static class PostgresMetadataSchema
{
    // Any number that nobody else uses in the same database: "virga tp".
    private const long MigrationLock = 0x7669726761207470;

    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE virga.topic_metadata (
            -- UTF-8; as bytes, so that every character may be in it and the order is that of the bytes.
            key bytea NOT NULL PRIMARY KEY,
            value bytea NOT NULL,
            version bigint NOT NULL
        );

        -- One row: no version that a deleted key ever had is greater.
        CREATE TABLE virga.topic_floor (version bigint NOT NULL);
        INSERT INTO virga.topic_floor VALUES (0);
        """,
    ];

    /// <summary>Makes the tables, or brings them up to date. Nodes that start at the same time wait for each other.</summary>
    /// <exception cref="ProblemException"><c>topics-corrupted</c>: a newer Virga has made them.</exception>
    public static async Task MigrateAsync(NpgsqlDataSource source, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({MigrationLock})", cancellation);
        await ExecuteAsync(connection, "CREATE SCHEMA IF NOT EXISTS virga; CREATE TABLE IF NOT EXISTS virga.topic_schema (version int NOT NULL)", cancellation);
        await using var newest = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM virga.topic_schema", connection);
        var version = Convert.ToInt32(await newest.ExecuteScalarAsync(cancellation), CultureInfo.InvariantCulture);
        if (version > Migrations.Length)
        {
            throw new ProblemException(KnownProblems.TopicsCorrupted(
                $"The topics' metadata in the database '{connection.Database}' has schema version {version}; this Virga knows versions up to {Migrations.Length}.", "Update this node to the version of the others."));
        }

        for (; version < Migrations.Length; version++)
        {
            await ExecuteAsync(connection, Migrations[version], cancellation);
            await ExecuteAsync(connection, $"INSERT INTO virga.topic_schema VALUES ({version + 1})", cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
