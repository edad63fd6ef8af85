using Npgsql;
using Virga.Control.Metadata;

namespace Virga.Control.Changes;

/// <summary>Hears from the database that some node has committed a change. Used by one at a time.</summary>
internal sealed class PostgresChangeSignal(string connectionString) : IAsyncDisposable
{
    private NpgsqlConnection? _connection;

    /// <summary>Waits for a commit, but no longer than <paramref name="patience"/>; returns at once when it has just begun to listen, since it may have missed one.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>cluster-unavailable</c>.</exception>
    public async ValueTask WaitAsync(TimeSpan patience, CancellationToken cancellation) => await PostgresFaults.RunAsync(async () =>
    {
        try
        {
            if (_connection is { } connection)
            {
                return await connection.WaitAsync(patience, cancellation);
            }

            await ListenAsync(cancellation);
            return true;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    });

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, KeepAlive = 10, ApplicationName = "virga changes" }.ToString());
        _connection = connection;
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand($"LISTEN {PostgresCommit.Channel}", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
