using Microsoft.Data.Sqlite;
using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>The queries of <see cref="SqliteMetadataStore"/>, and how their rows become values.</summary>
internal static class SqliteStatements
{
    private const string ResourceColumns = "kind, tenant, namespace, name, version, created_at, updated_at, spec, state";
    private const string VersionColumns = "tenant, namespace, name, version, created_at, spec, package, built_package";

    public static SqliteCommand SelectResource(SqliteConnection connection, ResourceKey key) => Command(
        connection,
        $"SELECT {ResourceColumns} FROM resources WHERE kind = $kind AND tenant = $tenant AND namespace = $namespace AND name = $name",
        ("$kind", key.Kind.ToText()), ("$tenant", key.Scope.Tenant.Value), ("$namespace", key.Scope.Namespace.Value), ("$name", key.Name));

    public static SqliteCommand SelectResources(SqliteConnection connection, ResourceKind kind, Scope scope, string after, int limit) => Command(
        connection,
        $"SELECT {ResourceColumns} FROM resources WHERE kind = $kind AND tenant = $tenant AND namespace = $namespace AND name > $after ORDER BY name LIMIT $limit",
        ("$kind", kind.ToText()), ("$tenant", scope.Tenant.Value), ("$namespace", scope.Namespace.Value), ("$after", after), ("$limit", limit));

    public static SqliteCommand SelectKind(SqliteConnection connection, ResourceKind kind) => Command(
        connection, $"SELECT {ResourceColumns} FROM resources WHERE kind = $kind", ("$kind", kind.ToText()));

    public static SqliteCommand SelectVersion(SqliteConnection connection, FunctionName function, int version) => Command(
        connection,
        $"SELECT {VersionColumns} FROM function_versions WHERE tenant = $tenant AND namespace = $namespace AND name = $name AND version = $version",
        ("$tenant", function.Tenant.Value), ("$namespace", function.Namespace.Value), ("$name", function.Name.Value), ("$version", version));

    public static SqliteCommand SelectVersions(SqliteConnection connection, FunctionName function) => Command(
        connection,
        $"SELECT {VersionColumns} FROM function_versions WHERE tenant = $tenant AND namespace = $namespace AND name = $name ORDER BY version DESC",
        ("$tenant", function.Tenant.Value), ("$namespace", function.Namespace.Value), ("$name", function.Name.Value));

    public static SqliteCommand SelectPinned(SqliteConnection connection) => Command(
        connection, $"SELECT {VersionColumns} FROM function_versions WHERE pinned = 1");

    public static SqliteCommand SelectUsedPackages(SqliteConnection connection) => Command(
        connection, "SELECT package FROM function_versions UNION SELECT built_package FROM function_versions");

    public static SqliteCommand SelectChanges(SqliteConnection connection, long after, int limit) => Command(
        connection,
        "SELECT sequence, time, kind, tenant, namespace, name, change, version FROM changes WHERE sequence > $after ORDER BY sequence LIMIT $limit",
        ("$after", after), ("$limit", limit));

    /// <summary>The sequence number of the oldest change that is kept; 0 when there is none.</summary>
    public static long OldestChange(SqliteConnection connection)
    {
        using var command = Command(connection, "SELECT COALESCE(MIN(sequence), 0) FROM changes");
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>The sequence number of the newest change; 0 when there is none.</summary>
    public static long NewestChange(SqliteConnection connection)
    {
        using var command = Command(connection, "SELECT COALESCE(MAX(sequence), 0) FROM changes");
        return (long)command.ExecuteScalar()!;
    }

    public static StoredResource ReadResource(SqliteDataReader row) => new(
        new ResourceKey(ResourceKinds.Parse(row.GetString(0)), new Scope(Name(row, 1), Name(row, 2)), row.GetString(3)),
        row.GetInt64(4),
        Time(row, 5),
        Time(row, 6),
        row.GetString(7),
        row.GetString(8));

    public static StoredFunctionVersion ReadVersion(SqliteDataReader row) => new(
        new FunctionName(Name(row, 0), Name(row, 1), Name(row, 2)), row.GetInt32(3), Time(row, 4), row.GetString(5), row.GetString(6), row.GetString(7));

    public static Change ReadChange(SqliteDataReader row) => new(
        row.GetInt64(0), Time(row, 1), ResourceKinds.Parse(row.GetString(2)), Name(row, 3), Name(row, 4), row.GetString(5), (ChangeKind)row.GetInt32(6), row.GetInt64(7));

    public static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private static ResourceName Name(SqliteDataReader row, int column) => ResourceName.Parse(row.GetString(column));

    private static DateTimeOffset Time(SqliteDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));
}
