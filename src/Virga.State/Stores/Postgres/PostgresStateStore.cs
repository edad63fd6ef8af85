using Microsoft.Extensions.Logging;
using Npgsql;
using Virga.Core.Names;
using Virga.Core.Storage;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Stores.Postgres;

/// <summary>
/// Shared state of a cluster, in PostgreSQL. Nodes merge in their own memory and write over the version that they have read; who finds another one merges again, holding the
/// row. <c>docs/decisions/0012-merging-in-postgresql.md</c> says why.
/// </summary>
public sealed class PostgresStateStore : IStateStore
{
    // Each failed attempt means that another writer succeeded.
    private const int MaxAttempts = 1000;
    private const int MaxCollisions = 10;

    private readonly NpgsqlDataSource _source;
    private readonly StateRows _rows;
    private readonly PostgresFeed _feed;
    private readonly PostgresSweeper _sweeper;
    private readonly TimeProvider _time;
    private readonly string _where;

    /// <summary>A store; nothing is connected until it is opened.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>invalid-request</c>: the address cannot be read.</exception>
    public PostgresStateStore(PostgresStateOptions options, TimeProvider time, ILogger<PostgresStateStore> logger)
    {
        _time = time;
        var connection = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(options.Connection))
        {
            CommandTimeout = (int)Math.Ceiling(options.StatementTimeout.TotalSeconds),
            MaxAutoPrepare = 32,
            KeepAlive = 10,
        };
        connection.ApplicationName ??= "virga";
        _where = $"{connection.Host}:{connection.Port}/{connection.Database}";
        _source = NpgsqlDataSource.Create(connection);
        _rows = new StateRows(options.TombstoneRetention);
        _feed = new PostgresFeed(_source, options.FeedPoll, time, logger);
        _sweeper = new PostgresSweeper(this, _source, options.SweepPeriod, time, logger);
    }

    /// <inheritdoc/>
    /// <exception cref="StateStoreException">The database cannot be reached now.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        await Guarded(async () =>
        {
            await PostgresSchema.MigrateAsync(_source, cancellation);
            return true;
        });
        _feed.Start();
        _sweeper.Start();
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StateRecord?>> FindAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation)
    {
        var rows = await Guarded(() => StateRows.FindAsync(sql => _source.CreateCommand(sql), keys, cancellation));
        return [.. rows.Select(row => row.Record)];
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StateRecord>> MergeAsync(IReadOnlyList<StateDelta> deltas, CancellationToken cancellation)
    {
        var merge = new PostgresMerge(deltas);
        if (await Guarded(() => MergeAsync(merge, cancellation)))
        {
            _feed.Announce();
        }

        return merge.Results(deltas);
    }

    /// <inheritdoc/>
    public async ValueTask<(bool Held, StateRecord? Record)> MutateIfAsync(StateKey key, StateCondition condition, StateMutation mutation, MutationContext context, CancellationToken cancellation) =>
        await MutateAsync(key, condition, mutation, context, cancellation);

    /// <inheritdoc/>
    public async ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation)
    {
        var isAfter = after is not null && KeyOrder.Compare(after, prefix) >= 0;
        var end = KeyOrder.EndOf(prefix);
        var items = await Guarded(async () =>
        {
            await using var command = _source.CreateCommand(
                $"""
                SELECT tenant, namespace, key, record FROM virga.state
                WHERE tenant = $1 AND namespace = $2 AND key {(isAfter ? ">" : ">=")} $3 AND live AND (due_at IS NULL OR due_at > $4) {(end is null ? "" : "AND key < $6")}
                ORDER BY key LIMIT $5
                """);
            command.Parameters.Add(new() { Value = scope.Tenant.Value });
            command.Parameters.Add(new() { Value = scope.Namespace.Value });
            command.Parameters.Add(new() { Value = isAfter ? after! : prefix });
            command.Parameters.Add(new() { Value = _time.GetUtcNow().ToUnixTimeMilliseconds() });
            command.Parameters.Add(new() { Value = limit + 1L });
            if (end is not null)
            {
                command.Parameters.Add(new() { Value = end });
            }

            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var found = new List<StateDelta>();
            while (await reader.ReadAsync(cancellation))
            {
                found.Add(new StateDelta(StateRows.ReadKey(reader), RecordEncoding.Read(reader.GetFieldValue<byte[]>(3))));
            }

            return found;
        });
        var hasMore = items.Count > limit;
        if (hasMore)
        {
            items.RemoveAt(limit);
        }

        return new StateListing(items, hasMore);
    }

    /// <inheritdoc/>
    public async ValueTask<long> CursorAsync(CancellationToken cancellation) => await Guarded(() => _feed.CursorAsync(cancellation));

    /// <inheritdoc/>
    public async ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation) =>
        await Guarded(() => _feed.ChangesAsync(scope, prefix, cursor, limit, patience, cancellation));

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _sweeper.DisposeAsync();
        await _feed.DisposeAsync();
        await _source.DisposeAsync();
    }

    /// <summary>Deletes what has expired, now.</summary>
    internal Task SweepAsync(CancellationToken cancellation) => _sweeper.SweepAsync(cancellation);

    /// <summary>Deletes those of the keys that have expired; what is written meanwhile is left as it is.</summary>
    /// <returns>How many were deleted.</returns>
    internal async Task<int> ExpireAsync(List<StateKey> keys, long unixMilliseconds, CancellationToken cancellation)
    {
        if (keys.Count == 0)
        {
            return 0;
        }

        keys.Sort();
        var context = new MutationContext(HybridTimestamp.Zero, default, unixMilliseconds);
        var rows = await Guarded(() => StateRows.FindAsync(sql => _source.CreateCommand(sql), keys, cancellation));
        var writes = new List<RowWrite>(rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i].Record is { } record && record.Merge(ExpireMutation.Instance.Delta(record, context)) is var merged && !ReferenceEquals(merged, record))
            {
                writes.Add(new RowWrite(keys[i], merged, rows[i].Version));
            }
        }

        if (writes.Count == 0)
        {
            return 0;
        }

        var written = await Guarded(() => _rows.UpsertAsync(sql => _source.CreateCommand(sql), writes, cancellation));
        _feed.Announce();
        return written.Count;
    }

    /// <summary>Carries out a mutation, if a condition holds where there is one.</summary>
    internal async Task<(bool Held, StateRecord? Record)> MutateAsync(StateKey key, StateCondition? condition, StateMutation mutation, MutationContext context, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var row = (await Guarded(() => StateRows.FindAsync(sql => _source.CreateCommand(sql), [key], cancellation)))[0];
            var version = row.Record is not null && row.Record.IsLive(context.UnixMilliseconds) ? row.Record.Version : StateVersion.Absent;
            if (condition is { } wanted && version != wanted.Version)
            {
                return (false, row.Record);
            }

            var delta = mutation.Delta(row.Record, context);
            var merged = row.Record is null ? delta : row.Record.Merge(delta);
            if (ReferenceEquals(merged, row.Record))
            {
                return (true, merged);
            }

            // Not repeated when the connection breaks: it may have happened, and would then be refused by itself.
            var written = await Guarded(() => _rows.UpsertAsync(sql => _source.CreateCommand(sql), [new RowWrite(key, merged, row.Version)], cancellation));
            if (written.Count == 1)
            {
                _feed.Announce();
                return (true, merged);
            }
        }

        throw new StateStoreException($"The key '{key}' is written by so many at the same time that this write did not come in between.");
    }

    // Whether anything was written.
    private async Task<bool> MergeAsync(PostgresMerge merge, CancellationToken cancellation)
    {
        for (var collisions = 0; ; collisions++)
        {
            try
            {
                var keys = merge.Keys;
                var writes = merge.Plan(keys, await StateRows.FindAsync(sql => _source.CreateCommand(sql), keys, cancellation));
                if (writes.Count == 0)
                {
                    return false;
                }

                // One statement is a transaction by itself, and one row is all or nothing.
                if (writes.Count > 1 || (await _rows.UpsertAsync(sql => _source.CreateCommand(sql), writes, cancellation)).Count == 0)
                {
                    await MergeLockedAsync(merge, writes, cancellation);
                }

                return true;
            }
            catch (PostgresException exception) when (PostgresFaults.IsCollision(exception) && collisions < MaxCollisions)
            {
                // All of it was rolled back; what it lost against is done.
                continue;
            }
        }
    }

    // All rows in one transaction. Those that changed since they were read are locked by the first statement, so that the second round finds them as it read them.
    private async Task MergeLockedAsync(PostgresMerge merge, List<RowWrite> writes, CancellationToken cancellation)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        NpgsqlCommand Create(string sql) => new(sql, connection);
        while (true)
        {
            var written = await _rows.UpsertAsync(Create, writes, cancellation);
            if (written.Count == writes.Count)
            {
                break;
            }

            StateKey[] changed = [.. writes.Select(write => write.Key).Where(key => !written.Contains(key))];
            writes = merge.Plan(changed, await StateRows.FindAsync(Create, changed, cancellation));
            if (writes.Count == 0)
            {
                break;
            }
        }

        await transaction.CommitAsync(cancellation);
    }

    private async Task<T> Guarded<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception exception) when (PostgresFaults.IsKnown(exception))
        {
            throw PostgresFaults.Translate(exception, _where);
        }
        catch (StateEncodingException exception)
        {
            throw new StateStoreException($"A row of virga.state at {_where} holds no record: {exception.Message}", exception);
        }
    }
}
