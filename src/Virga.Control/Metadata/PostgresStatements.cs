using Npgsql;
using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>The queries of <see cref="PostgresMetadataStore"/>, and how their rows become values.</summary>
internal static class PostgresStatements
{
    private const string ResourceColumns = "kind, tenant, namespace, name, version, created_at, updated_at, spec, state";
    private const string VersionColumns = "tenant, namespace, name, version, created_at, spec, package, built_package";

    public static NpgsqlCommand SelectResource(NpgsqlConnection connection, ResourceKey key) => Command(
        connection,
        $"SELECT {ResourceColumns} FROM virga.resources WHERE kind = $1 AND tenant = $2 AND namespace = $3 AND name = $4",
        key.Kind.ToText(), key.Scope.Tenant.Value, key.Scope.Namespace.Value, key.Name);

    public static NpgsqlCommand SelectResources(NpgsqlConnection connection, ResourceKind kind, Scope scope, string after, int limit) => Command(
        connection,
        $"SELECT {ResourceColumns} FROM virga.resources WHERE kind = $1 AND tenant = $2 AND namespace = $3 AND name > $4 ORDER BY name LIMIT $5",
        kind.ToText(), scope.Tenant.Value, scope.Namespace.Value, after, limit);

    public static NpgsqlCommand SelectKind(NpgsqlConnection connection, ResourceKind kind) => Command(
        connection, $"SELECT {ResourceColumns} FROM virga.resources WHERE kind = $1", kind.ToText());

    public static NpgsqlCommand SelectVersion(NpgsqlConnection connection, FunctionName function, int version) => Command(
        connection,
        $"SELECT {VersionColumns} FROM virga.function_versions WHERE tenant = $1 AND namespace = $2 AND name = $3 AND version = $4",
        function.Tenant.Value, function.Namespace.Value, function.Name.Value, version);

    public static NpgsqlCommand SelectVersions(NpgsqlConnection connection, FunctionName function) => Command(
        connection,
        $"SELECT {VersionColumns} FROM virga.function_versions WHERE tenant = $1 AND namespace = $2 AND name = $3 ORDER BY version DESC",
        function.Tenant.Value, function.Namespace.Value, function.Name.Value);

    public static NpgsqlCommand SelectPinned(NpgsqlConnection connection) => Command(
        connection, $"SELECT {VersionColumns} FROM virga.function_versions WHERE pinned");

    public static NpgsqlCommand SelectUsedPackages(NpgsqlConnection connection) => Command(
        connection, "SELECT package FROM virga.function_versions UNION SELECT built_package FROM virga.function_versions");

    // One statement, so that both see one state: a change cannot be dropped between them.
    public static NpgsqlCommand SelectChanges(NpgsqlConnection connection, long after, int limit) => Command(
        connection,
        """
        SELECT sequence, time, kind, tenant, namespace, name, change, version, (SELECT MIN(sequence) FROM virga.changes)
        FROM virga.changes WHERE sequence > $1 ORDER BY sequence LIMIT $2
        """,
        after, limit);

    public static NpgsqlCommand SelectNewestChange(NpgsqlConnection connection) => Command(connection, "SELECT COALESCE(MAX(sequence), 0) FROM virga.changes");

    public static StoredResource ReadResource(NpgsqlDataReader row) => new(
        new ResourceKey(ResourceKinds.Parse(row.GetString(0)), new Scope(Name(row, 1), Name(row, 2)), row.GetString(3)),
        row.GetInt64(4), row.GetFieldValue<DateTimeOffset>(5), row.GetFieldValue<DateTimeOffset>(6), row.GetString(7), row.GetString(8));

    public static StoredFunctionVersion ReadVersion(NpgsqlDataReader row) => new(
        new FunctionName(Name(row, 0), Name(row, 1), Name(row, 2)), row.GetInt32(3), row.GetFieldValue<DateTimeOffset>(4), row.GetString(5), row.GetString(6), row.GetString(7));

    public static Change ReadChange(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetFieldValue<DateTimeOffset>(1), ResourceKinds.Parse(row.GetString(2)), Name(row, 3), Name(row, 4), row.GetString(5), (ChangeKind)row.GetInt32(6), row.GetInt64(7));

    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private static ResourceName Name(NpgsqlDataReader row, int column) => ResourceName.Parse(row.GetString(column));
}
