using Npgsql;

namespace Virga.Control.Metadata;

/// <summary>The tables of metadata and packages in the cluster's database, and how older ones become current. Entry N of the list leads from version N to N + 1.</summary>
internal static class PostgresSchema
{
    // Whoever makes tables of Virga's holds this lock: "create if not exists" of two nodes at a time may fail.
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('virga.schema', 0))";

    private const string Versions =
        """
        CREATE SCHEMA IF NOT EXISTS virga;
        CREATE TABLE IF NOT EXISTS virga.schema_versions (part TEXT PRIMARY KEY, version INTEGER NOT NULL);
        INSERT INTO virga.schema_versions VALUES ('metadata', 0) ON CONFLICT DO NOTHING;
        """;

    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE virga.resources (
            kind TEXT NOT NULL, tenant TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT COLLATE "C" NOT NULL,
            version BIGINT NOT NULL, created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL,
            spec TEXT NOT NULL, state TEXT NOT NULL,
            PRIMARY KEY (kind, tenant, namespace, name)
        );
        CREATE TABLE virga.function_versions (
            tenant TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
            created_at TIMESTAMPTZ NOT NULL, spec TEXT NOT NULL, package TEXT NOT NULL, built_package TEXT NOT NULL,
            pinned BOOLEAN NOT NULL DEFAULT FALSE,
            PRIMARY KEY (tenant, namespace, name, version)
        );
        CREATE INDEX function_versions_pinned ON virga.function_versions (pinned) WHERE pinned;
        CREATE TABLE virga.changes (
            sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            time TIMESTAMPTZ NOT NULL, kind TEXT NOT NULL, tenant TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
            change INTEGER NOT NULL, version BIGINT NOT NULL
        );
        CREATE TABLE virga.packages (
            digest TEXT COLLATE "C" PRIMARY KEY, touched_at TIMESTAMPTZ NOT NULL
        );
        CREATE TABLE virga.package_chunks (
            digest TEXT COLLATE "C" NOT NULL REFERENCES virga.packages ON DELETE CASCADE, number INTEGER NOT NULL, bytes BYTEA NOT NULL,
            PRIMARY KEY (digest, number)
        );
        """,
    ];

    /// <summary>Brings the database to the current version.</summary>
    /// <returns>The version that it has, when that is newer than what this program knows; else null.</returns>
    public static async Task<int?> MigrateAsync(NpgsqlDataSource source, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(Lock);
        await ExecuteAsync(Versions);
        await using var select = new NpgsqlCommand("SELECT version FROM virga.schema_versions WHERE part = 'metadata'", connection, transaction);
        var version = (int)(await select.ExecuteScalarAsync(cancellation))!;
        if (version > Migrations.Length)
        {
            return version;
        }

        for (; version < Migrations.Length; version++)
        {
            await ExecuteAsync(Migrations[version]);
        }

        await using var update = new NpgsqlCommand("UPDATE virga.schema_versions SET version = $1 WHERE part = 'metadata'", connection, transaction) { Parameters = { new() { Value = version } } };
        await update.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return null;

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }
}
