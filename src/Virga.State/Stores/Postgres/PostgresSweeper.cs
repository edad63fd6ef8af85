using Microsoft.Extensions.Logging;
using Npgsql;
using Virga.State.Keys;

namespace Virga.State.Stores.Postgres;

/// <summary>Deletes what has expired and forgets deletions that are long past. One node at a time does it; the others find it done.</summary>
internal sealed class PostgresSweeper : IAsyncDisposable
{
    private const int KeysPerSweep = 1000;

    // Any number that nobody else uses in the same database: "virga sw".
    private const long SweepLock = 0x7669726761207377;

    private const string Expired = "SELECT tenant, namespace, key FROM virga.state WHERE due_at <= $1 AND live LIMIT $2";

    // The feed cannot tell of a deletion that is forgotten: whoever is that far behind has to list anew.
    private const string Forget =
        """
        WITH past AS (
            DELETE FROM virga.state WHERE (tenant, namespace, key) IN (
                SELECT tenant, namespace, key FROM virga.state WHERE due_at <= $1 AND NOT live ORDER BY tenant, namespace, key LIMIT $2 FOR UPDATE SKIP LOCKED)
            RETURNING changed),
        moved AS (UPDATE virga.state_feed SET horizon = greatest(horizon, (SELECT max(changed) + 1 FROM past)) WHERE EXISTS (SELECT FROM past))
        SELECT count(*) FROM past
        """;

    private readonly PostgresStateStore _store;
    private readonly NpgsqlDataSource _source;
    private readonly TimeSpan _period;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public PostgresSweeper(PostgresStateStore store, NpgsqlDataSource source, TimeSpan period, TimeProvider time, ILogger logger)
    {
        _store = store;
        _source = source;
        _period = period;
        _time = time;
        _logger = logger;
    }

    public void Start() => _running = RunAsync();

    /// <summary>Does all that is to be done now.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        while (await SweepSomeAsync(now, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }

    // Whether there may be more: as much was found as was asked for, and something came of it.
    private async Task<bool> SweepSomeAsync(long now, CancellationToken cancellation)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var turn = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({SweepLock})", connection))
        {
            if (await turn.ExecuteScalarAsync(cancellation) is not true)
            {
                return false;
            }
        }

        var found = await ExpiredAsync(connection, now, cancellation);
        var expired = await _store.ExpireAsync(found, now, cancellation);
        long forgotten;
        await using (var forget = new NpgsqlCommand(Forget, connection) { Parameters = { new() { Value = now }, new() { Value = KeysPerSweep } } })
        {
            forgotten = (long)(await forget.ExecuteScalarAsync(cancellation))!;
        }

        await transaction.CommitAsync(cancellation);
        return (found.Count == KeysPerSweep && expired > 0) || forgotten == KeysPerSweep;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static async Task<List<StateKey>> ExpiredAsync(NpgsqlConnection connection, long now, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Expired, connection) { Parameters = { new() { Value = now }, new() { Value = KeysPerSweep } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var keys = new List<StateKey>();
        while (await reader.ReadAsync(cancellation))
        {
            keys.Add(StateRows.ReadKey(reader));
        }

        return keys;
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(_period, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await SweepAsync(_stop.Token);
                }
                catch (Exception exception) when (exception is not OperationCanceledException || !_stop.IsCancellationRequested)
                {
                    // Whatever it is: without this loop nothing would ever be deleted, and nobody would know why.
                    _logger.SweepFailed(exception.Message);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The store closes.
            return;
        }
    }
}
