using System.Security.Cryptography;
using Npgsql;

namespace Virga.Cluster.Membership;

/// <summary>The tables of a cluster in its database, and the secret that its nodes share.</summary>
internal static class ClusterSchema
{
    private const int SecretLength = 32;

    // Whoever makes tables of Virga's holds this lock: "create if not exists" of two nodes at a time may fail.
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('virga.schema', 0))";

    private const string Tables =
        """
        CREATE SCHEMA IF NOT EXISTS virga;
        CREATE TABLE IF NOT EXISTS virga.cluster (
            only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
            secret BYTEA NOT NULL,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now()
        );
        CREATE SEQUENCE IF NOT EXISTS virga.incarnations;
        CREATE TABLE IF NOT EXISTS virga.nodes (
            name TEXT COLLATE "C" PRIMARY KEY,
            incarnation BIGINT NOT NULL,
            address TEXT NOT NULL,
            ready BOOLEAN NOT NULL,
            load DOUBLE PRECISION NOT NULL,
            clock_offset INTERVAL NOT NULL,
            version TEXT NOT NULL,
            gateway TEXT NOT NULL,
            admin TEXT NOT NULL,
            started_at TIMESTAMPTZ NOT NULL,
            lease_until TIMESTAMPTZ NOT NULL
        );
        """;

    /// <summary>Makes what is missing; gives the cluster's secret, which its first node makes up.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached, or does not allow it.</exception>
    public static async Task<byte[]> OpenAsync(string connectionString, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(Lock);
        await ExecuteAsync(Tables);
        await ExecuteAsync("INSERT INTO virga.cluster (secret) VALUES ($1) ON CONFLICT DO NOTHING", RandomNumberGenerator.GetBytes(SecretLength));
        await using var select = new NpgsqlCommand("SELECT secret FROM virga.cluster", connection, transaction);
        var secret = (byte[])(await select.ExecuteScalarAsync(cancellation))!;
        await transaction.CommitAsync(cancellation);
        return secret;

        async Task ExecuteAsync(string sql, params object[] values)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            foreach (var value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }

            await command.ExecuteNonQueryAsync(cancellation);
        }
    }
}
