using Npgsql;
using NpgsqlTypes;
using Virga.Core.Names;

namespace Virga.Cluster.Membership;

/// <summary>
/// Leases in the table <c>virga.nodes</c> of PostgreSQL. All times are compared by the database's clock. It has one connection of its own, on which it also hears
/// who comes and goes; it connects again when that breaks.
/// </summary>
internal sealed class PostgresLeaseTable : ILeaseTable
{
    private const string Channel = "virga_nodes";

    private readonly string _connectionString;
    private NpgsqlConnection? _connection;

    /// <param name="connectionString">How Npgsql reaches the database.</param>
    /// <param name="patience">How long an answer may take.</param>
    public PostgresLeaseTable(string connectionString, TimeSpan patience)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(patience.TotalSeconds));
        _connectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            Timeout = seconds,
            CommandTimeout = seconds,
            ApplicationName = "virga membership",
        }.ToString();
    }

    public ValueTask<long?> ClaimAsync(NodeName name, NodeReport report, TimeSpan lease, CancellationToken cancellation) => RunAsync<long?>(
        async connection =>
        {
            await using var batch = new NpgsqlBatch(connection);
            Add(
                batch,
                """
                INSERT INTO virga.nodes AS node (name, incarnation, address, ready, load, clock_offset, version, gateway, admin, started_at, lease_until)
                VALUES ($1, nextval('virga.incarnations'), $2, $3, $4, $5, $6, $7, $8, clock_timestamp(), clock_timestamp() + $9)
                ON CONFLICT (name) DO UPDATE SET
                    incarnation = excluded.incarnation, address = excluded.address, ready = excluded.ready, load = excluded.load, clock_offset = excluded.clock_offset,
                    version = excluded.version, gateway = excluded.gateway, admin = excluded.admin, started_at = excluded.started_at, lease_until = excluded.lease_until
                WHERE node.lease_until < clock_timestamp()
                RETURNING incarnation
                """,
                [.. Values(name, report), lease]);
            // What is left of nodes that nobody has seen for a day.
            Add(batch, "DELETE FROM virga.nodes WHERE lease_until < clock_timestamp() - interval '1 day'");
            Add(batch, "SELECT pg_notify($1, $2)", Channel, name.Value);
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            return await reader.ReadAsync(cancellation) ? reader.GetInt64(0) : null;
        },
        cancellation);

    public ValueTask<LeaseReading> RenewAsync(NodeName name, long incarnation, NodeReport report, TimeSpan lease, CancellationToken cancellation) => RunAsync(
        async connection =>
        {
            await using var batch = new NpgsqlBatch(connection);
            Add(
                batch,
                """
                WITH before AS (SELECT ready, address, gateway FROM virga.nodes WHERE name = $1),
                renewed AS (
                    UPDATE virga.nodes SET address = $2, ready = $3, load = $4, clock_offset = $5, version = $6, gateway = $7, admin = $8, lease_until = clock_timestamp() + $9
                    WHERE name = $1 AND incarnation = $10 AND lease_until > clock_timestamp()
                    RETURNING ready, address, gateway)
                SELECT (SELECT pg_notify($11, $1)::text FROM before WHERE before.ready <> renewed.ready OR before.address <> renewed.address OR before.gateway <> renewed.gateway) FROM renewed
                """,
                [.. Values(name, report), lease, incarnation, Channel]);
            Add(
                batch,
                """
                SELECT name, incarnation, lease_until - clock_timestamp(), started_at, address, ready, load, clock_offset, version, gateway, admin FROM virga.nodes ORDER BY name
                """);
            Add(batch, "SELECT clock_timestamp()");
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            var isHeld = await reader.ReadAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            var rows = new List<LeaseRow>();
            while (await reader.ReadAsync(cancellation))
            {
                rows.Add(ReadRow(reader));
            }

            await reader.NextResultAsync(cancellation);
            await reader.ReadAsync(cancellation);
            return new LeaseReading(isHeld, reader.GetFieldValue<DateTimeOffset>(0), rows);
        },
        cancellation);

    public async ValueTask LeaveAsync(NodeName name, long incarnation, CancellationToken cancellation) => await RunAsync(
        async connection =>
        {
            await using var batch = new NpgsqlBatch(connection);
            Add(batch, "DELETE FROM virga.nodes WHERE name = $1 AND incarnation = $2", name.Value, incarnation);
            Add(batch, "SELECT pg_notify($1, $2)", Channel, name.Value);
            return await batch.ExecuteNonQueryAsync(cancellation);
        },
        cancellation);

    public async ValueTask WaitAsync(TimeSpan patience, CancellationToken cancellation)
    {
        if (_connection is not { } connection)
        {
            return;
        }

        try
        {
            await connection.WaitAsync(patience, cancellation);
        }
        catch (NpgsqlException)
        {
            // The next renewal finds out whether the database is gone.
            await CloseAsync();
        }
    }

    public async ValueTask DisposeAsync() => await CloseAsync();

    private static object[] Values(NodeName name, NodeReport report) =>
        [name.Value, report.Address, report.IsReady, report.Load, report.ClockOffset, report.Version, report.Gateway, report.Admin];

    private static LeaseRow ReadRow(NpgsqlDataReader row) => new(
        NodeName.Parse(row.GetString(0)),
        row.GetInt64(1),
        row.GetFieldValue<TimeSpan>(2),
        row.GetFieldValue<DateTimeOffset>(3),
        new NodeReport(row.GetString(4), row.GetBoolean(5), row.GetDouble(6), row.GetFieldValue<TimeSpan>(7), row.GetString(8), row.GetString(9), row.GetString(10)));

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(value is TimeSpan ? new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.Interval } : new NpgsqlParameter { Value = value });
        }

        batch.BatchCommands.Add(command);
    }

    private async ValueTask<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellation)
    {
        try
        {
            return await run(await ConnectAsync(cancellation));
        }
        catch (Exception e) when (e is NpgsqlException or System.Net.Sockets.SocketException or IOException or TimeoutException)
        {
            await CloseAsync();
            throw new LeaseTableException($"The cluster's database failed: {e.Message}", e);
        }
        catch (OperationCanceledException)
        {
            // What the connection is in the middle of is not known.
            await CloseAsync();
            throw;
        }
    }

    private async ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellation)
    {
        if (_connection is { State: System.Data.ConnectionState.Open } open)
        {
            return open;
        }

        await CloseAsync();
        var connection = new NpgsqlConnection(_connectionString);
        _connection = connection;
        await connection.OpenAsync(cancellation);
        await using var listen = new NpgsqlCommand($"LISTEN {Channel}", connection);
        await listen.ExecuteNonQueryAsync(cancellation);
        return connection;
    }

    private async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }
}
