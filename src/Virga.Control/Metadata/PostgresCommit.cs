using Npgsql;
using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>Carries out the operations of one commit, within the transaction that its connection is in.</summary>
internal sealed class PostgresCommit(NpgsqlConnection connection, CancellationToken cancellation)
{
    /// <summary>Where nodes hear of new changes.</summary>
    public const string Channel = "virga_changes";

    // Held to the end of the transaction, so that changes get their numbers in the order in which they become visible.
    private const string Lock = "SELECT clock_timestamp() FROM pg_advisory_xact_lock(hashtextextended('virga.commit', 0))";

    // Pruning looks at the feed's ends only; once in so many sequence numbers is often enough to bound it.
    private const int PruneEvery = 256;

    private readonly List<Change> _changes = [];
    private DateTimeOffset _now;

    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>Waits until no other commit is under way.</summary>
    public async Task BeginAsync()
    {
        await using var command = PostgresStatements.Command(connection, Lock);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        _now = reader.GetFieldValue<DateTimeOffset>(0);
    }

    public Task ApplyAsync(MetadataOperation operation) => operation switch
    {
        MetadataOperation.Put put => PutAsync(put),
        MetadataOperation.Delete delete => DeleteAsync(delete),
        MetadataOperation.AddVersion { Version: var version } => ExecuteAsync(
            "INSERT INTO virga.function_versions (tenant, namespace, name, version, created_at, spec, package, built_package) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            version.Function.Tenant.Value, version.Function.Namespace.Value, version.Function.Name.Value, version.Version,
            version.CreatedAt.ToUniversalTime(), version.Spec, version.Package, version.BuiltPackage),
        MetadataOperation.RetainVersions retain => RetainAsync(retain),
        MetadataOperation.DropVersions { Function: var function } => ExecuteAsync(
            "DELETE FROM virga.function_versions WHERE tenant = $1 AND namespace = $2 AND name = $3", function.Tenant.Value, function.Namespace.Value, function.Name.Value),
        _ => throw new NotSupportedException($"Unknown operation {operation.GetType().Name}."),
    };

    /// <summary>Drops the oldest changes beyond the number that is kept, and tells the other nodes that there are new ones.</summary>
    public async Task FinishAsync(int kept)
    {
        if (_changes.Count == 0)
        {
            return;
        }

        if (kept < PruneEvery || _changes[^1].Sequence % PruneEvery < _changes.Count)
        {
            await ExecuteAsync("DELETE FROM virga.changes WHERE sequence <= $1", _changes[^1].Sequence - kept);
        }

        await ExecuteAsync("SELECT pg_notify($1, '')", Channel);
    }

    private async Task PutAsync(MetadataOperation.Put put)
    {
        var current = await CurrentVersionAsync(put.Key);
        VersionExpectation.Check(put.Key, put.ExpectedVersion, current);
        var version = current + 1;
        await ExecuteAsync(
            """
            INSERT INTO virga.resources (kind, tenant, namespace, name, version, created_at, updated_at, spec, state) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)
            ON CONFLICT (kind, tenant, namespace, name) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at, spec = excluded.spec, state = excluded.state
            """,
            [.. KeyValues(put.Key), version, _now, put.Spec, put.State]);
        await RecordAsync(put.Key, current == 0 ? ChangeKind.Created : ChangeKind.Updated, version);
    }

    private async Task DeleteAsync(MetadataOperation.Delete delete)
    {
        var current = await CurrentVersionAsync(delete.Key);
        if (current == 0)
        {
            throw VersionExpectation.Missing(delete.Key);
        }

        VersionExpectation.Check(delete.Key, delete.ExpectedVersion, current);
        await ExecuteAsync("DELETE FROM virga.resources WHERE kind = $1 AND tenant = $2 AND namespace = $3 AND name = $4", KeyValues(delete.Key));
        await RecordAsync(delete.Key, ChangeKind.Deleted, current);
    }

    private async Task RetainAsync(MetadataOperation.RetainVersions retain)
    {
        FunctionName function = retain.Function;
        int[] pinned = [.. retain.Pinned];
        await ExecuteAsync(
            "UPDATE virga.function_versions SET pinned = version = ANY($4) WHERE tenant = $1 AND namespace = $2 AND name = $3 AND pinned <> (version = ANY($4))",
            function.Tenant.Value, function.Namespace.Value, function.Name.Value, pinned);
        await ExecuteAsync(
            """
            DELETE FROM virga.function_versions WHERE tenant = $1 AND namespace = $2 AND name = $3 AND NOT pinned AND version NOT IN
                (SELECT version FROM virga.function_versions WHERE tenant = $1 AND namespace = $2 AND name = $3 ORDER BY version DESC LIMIT $4)
            """,
            function.Tenant.Value, function.Namespace.Value, function.Name.Value, retain.Newest);
    }

    private static object[] KeyValues(ResourceKey key) => [key.Kind.ToText(), key.Scope.Tenant.Value, key.Scope.Namespace.Value, key.Name];

    private async Task<long> CurrentVersionAsync(ResourceKey key)
    {
        await using var command = PostgresStatements.Command(
            connection, "SELECT version FROM virga.resources WHERE kind = $1 AND tenant = $2 AND namespace = $3 AND name = $4", KeyValues(key));
        return await command.ExecuteScalarAsync(cancellation) as long? ?? 0;
    }

    private async Task RecordAsync(ResourceKey key, ChangeKind kind, long version)
    {
        await using var command = PostgresStatements.Command(
            connection,
            "INSERT INTO virga.changes (kind, tenant, namespace, name, time, change, version) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING sequence",
            [.. KeyValues(key), _now, (int)kind, version]);
        var sequence = (long)(await command.ExecuteScalarAsync(cancellation))!;
        _changes.Add(new Change(sequence, _now, key.Kind, key.Scope.Tenant, key.Scope.Namespace, key.Name, kind, version));
    }

    private async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = PostgresStatements.Command(connection, sql, values);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
