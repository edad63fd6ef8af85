using Microsoft.Extensions.Logging;
using Npgsql;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Keys;

namespace Virga.State.Stores.Postgres;

/// <summary>
/// The change feed. A change is known by the number of the transaction that made it, and read when no transaction of that or a lesser number runs any more: so nothing can
/// appear behind a cursor. Nodes tell each other of changes by NOTIFY, after the commit and not within it, since commits that notify wait for each other; what is not told
/// is found by looking, every second.
/// </summary>
internal sealed class PostgresFeed : IAsyncDisposable
{
    private const string Channel = "virga_state";

    private const string End = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

    // A transaction's changes are given together: a cursor cannot stand within one.
    private const string Read =
        """
        SELECT tenant, namespace, key, record, changed FROM virga.state
        WHERE changed >= $1 AND changed < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            AND tenant = $2 AND namespace = $3 AND starts_with(key, $4)
        ORDER BY changed FETCH FIRST $5 ROWS WITH TIES
        """;

    private const string Bounds =
        """
        SELECT horizon, EXISTS (SELECT FROM virga.state WHERE changed >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint) FROM virga.state_feed
        """;

    // Changes that are written while older transactions run are looked for soon.
    private static readonly TimeSpan PendingPoll = TimeSpan.FromMilliseconds(20);

    // Writers that follow each other at once are told of together.
    private static readonly TimeSpan AnnounceEvery = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly TimeSpan _poll;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _toAnnounce = new(0);
    private readonly Lock _starting = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _announcing = Task.CompletedTask;
    private Task? _listening;
    private int _announced;

    public PostgresFeed(NpgsqlDataSource source, TimeSpan poll, TimeProvider time, ILogger logger)
    {
        _source = source;
        _poll = poll;
        _time = time;
        _logger = logger;
    }

    public void Start() => _announcing = AnnounceAsync();

    /// <summary>Something was committed here.</summary>
    public void Announce()
    {
        Wake();
        if (Interlocked.Exchange(ref _announced, 1) == 0)
        {
            _toAnnounce.Release();
        }
    }

    public async Task<long> CursorAsync(CancellationToken cancellation)
    {
        await using var command = _source.CreateCommand(End);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public async Task<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation)
    {
        var began = _time.GetTimestamp();
        if (patience > TimeSpan.Zero)
        {
            Listen();
        }

        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            var (changes, isPending) = await ReadAsync(scope, prefix, cursor, limit, cancellation);
            var left = patience - _time.GetElapsedTime(began);
            if (changes.Items.Count > 0 || left <= TimeSpan.Zero)
            {
                return changes;
            }

            cursor = changes.Cursor;
            var wait = isPending ? PendingPoll : _poll;
            try
            {
                await (isPending ? Task.Delay(Timeout.InfiniteTimeSpan, cancellation) : changed).WaitAsync(wait < left ? wait : left, _time, cancellation);
            }
            catch (TimeoutException)
            {
                // Nobody told of a change: it is looked for all the same.
                continue;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _announcing;
        if (_listening is { } listening)
        {
            await listening;
        }

        _stop.Dispose();
        _toAnnounce.Dispose();
    }

    private async Task<(StateChanges Changes, bool IsPending)> ReadAsync(Scope scope, string prefix, long cursor, int limit, CancellationToken cancellation)
    {
        await using var batch = _source.CreateBatch();

        // The end is asked first: what is committed between the statements is read twice rather than never.
        batch.BatchCommands.Add(new NpgsqlBatchCommand(End));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Read)
        {
            Parameters = { new() { Value = cursor }, new() { Value = scope.Tenant.Value }, new() { Value = scope.Namespace.Value }, new() { Value = prefix }, new() { Value = (long)limit } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Bounds));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var end = reader.GetInt64(0);
        await reader.NextResultAsync(cancellation);
        var items = new List<StateDelta>();
        var last = 0L;
        while (await reader.ReadAsync(cancellation))
        {
            items.Add(new StateDelta(StateRows.ReadKey(reader), RecordEncoding.Read(reader.GetFieldValue<byte[]>(3))));
            last = reader.GetInt64(4);
        }

        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var horizon = reader.GetInt64(0);
        if (cursor < horizon || cursor > end)
        {
            throw new ProblemException(KnownProblems.ChangesLost($"The feed of shared state is complete from {horizon} to {end}; changes after {cursor} were asked for.") with { Fix = "List the keys anew, then follow the feed from its end." });
        }

        return (new StateChanges(items, items.Count >= limit ? last + 1 : Math.Max(end, last + 1)), reader.GetBoolean(1));
    }

    private void Wake() => Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private void Listen()
    {
        lock (_starting)
        {
            _listening ??= ListenAsync();
        }
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(_stop.Token);
                connection.Notification += (_, _) => Wake();
                await using (var command = new NpgsqlCommand($"LISTEN {Channel}", connection))
                {
                    await command.ExecuteNonQueryAsync(_stop.Token);
                }

                // What changed before this connection listened.
                Wake();
                while (true)
                {
                    await connection.WaitAsync(_stop.Token);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Whatever it is: without this loop changes would be found late, and nobody would know why.
                _logger.FeedInterrupted(exception.Message);
                await PauseAsync(ReconnectAfter);
            }
        }
    }

    private async Task AnnounceAsync()
    {
        while (true)
        {
            try
            {
                await _toAnnounce.WaitAsync(_stop.Token);
                Volatile.Write(ref _announced, 0);
                await using var command = _source.CreateCommand($"SELECT pg_notify('{Channel}', '')");
                await command.ExecuteNonQueryAsync(_stop.Token);
                await PauseAsync(AnnounceEvery);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Whatever it is: without this loop changes would be found late, and nobody would know why.
                _logger.FeedInterrupted(exception.Message);
            }
        }
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The store closes; the loop sees it.
            return;
        }
    }
}
