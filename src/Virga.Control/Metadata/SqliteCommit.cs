using System.Globalization;
using Microsoft.Data.Sqlite;
using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>Carries out the operations of one commit, within the transaction that its connection is in.</summary>
internal sealed class SqliteCommit(SqliteConnection connection, DateTimeOffset now)
{
    // Pruning looks at the feed's ends only; once in so many sequence numbers is often enough to bound it.
    private const int PruneEvery = 256;

    private readonly List<Change> _changes = [];

    public IReadOnlyList<Change> Changes => _changes;

    public void Apply(MetadataOperation operation)
    {
        switch (operation)
        {
            case MetadataOperation.Put put:
                Put(put);
                break;
            case MetadataOperation.Delete delete:
                Delete(delete);
                break;
            case MetadataOperation.AddVersion { Version: var version }:
                Execute(
                    "INSERT INTO function_versions (tenant, namespace, name, version, created_at, spec, package, built_package) VALUES ($tenant, $namespace, $name, $version, $time, $spec, $package, $built)",
                    ("$tenant", version.Function.Tenant.Value), ("$namespace", version.Function.Namespace.Value), ("$name", version.Function.Name.Value), ("$version", version.Version),
                    ("$time", version.CreatedAt.ToUnixTimeMilliseconds()), ("$spec", version.Spec), ("$package", version.Package), ("$built", version.BuiltPackage));
                break;
            case MetadataOperation.RetainVersions retain:
                Retain(retain);
                break;
            case MetadataOperation.DropVersions { Function: var function }:
                Execute(
                    "DELETE FROM function_versions WHERE tenant = $tenant AND namespace = $namespace AND name = $name",
                    ("$tenant", function.Tenant.Value), ("$namespace", function.Namespace.Value), ("$name", function.Name.Value));
                break;
            default:
                throw new NotSupportedException($"Unknown operation {operation.GetType().Name}.");
        }
    }

    /// <summary>Drops the oldest changes beyond the number that is kept.</summary>
    public void PruneChanges(int kept)
    {
        if (_changes.Count > 0 && (kept < PruneEvery || _changes[^1].Sequence % PruneEvery < _changes.Count))
        {
            Execute("DELETE FROM changes WHERE sequence <= $last", ("$last", _changes[^1].Sequence - kept));
        }
    }

    private void Put(MetadataOperation.Put put)
    {
        var current = CurrentVersion(put.Key);
        VersionExpectation.Check(put.Key, put.ExpectedVersion, current);
        var version = current + 1;
        if (current == 0)
        {
            Execute(
                "INSERT INTO resources (kind, tenant, namespace, name, version, created_at, updated_at, spec, state) VALUES ($kind, $tenant, $namespace, $name, $version, $time, $time, $spec, $state)",
                [.. KeyParameters(put.Key), ("$version", version), ("$time", now.ToUnixTimeMilliseconds()), ("$spec", put.Spec), ("$state", put.State)]);
        }
        else
        {
            Execute(
                "UPDATE resources SET version = $version, updated_at = $time, spec = $spec, state = $state WHERE kind = $kind AND tenant = $tenant AND namespace = $namespace AND name = $name",
                [.. KeyParameters(put.Key), ("$version", version), ("$time", now.ToUnixTimeMilliseconds()), ("$spec", put.Spec), ("$state", put.State)]);
        }

        Record(put.Key, current == 0 ? ChangeKind.Created : ChangeKind.Updated, version);
    }

    private void Delete(MetadataOperation.Delete delete)
    {
        var current = CurrentVersion(delete.Key);
        if (current == 0)
        {
            throw VersionExpectation.Missing(delete.Key);
        }

        VersionExpectation.Check(delete.Key, delete.ExpectedVersion, current);
        Execute("DELETE FROM resources WHERE kind = $kind AND tenant = $tenant AND namespace = $namespace AND name = $name", KeyParameters(delete.Key));
        Record(delete.Key, ChangeKind.Deleted, current);
    }

    private void Retain(MetadataOperation.RetainVersions retain)
    {
        (string, object)[] function =
            [("$tenant", retain.Function.Tenant.Value), ("$namespace", retain.Function.Namespace.Value), ("$name", retain.Function.Name.Value)];

        // The numbers are ours, not a user's text: they can stand in the statement.
        var pinned = string.Join(',', retain.Pinned.Select(version => version.ToString(CultureInfo.InvariantCulture)));
        Execute(
            $"UPDATE function_versions SET pinned = version IN ({pinned}) WHERE tenant = $tenant AND namespace = $namespace AND name = $name AND pinned <> (version IN ({pinned}))",
            function);
        Execute(
            """
            DELETE FROM function_versions WHERE tenant = $tenant AND namespace = $namespace AND name = $name AND pinned = 0 AND version NOT IN
                (SELECT version FROM function_versions WHERE tenant = $tenant AND namespace = $namespace AND name = $name ORDER BY version DESC LIMIT $newest)
            """,
            [.. function, ("$newest", retain.Newest)]);
    }

    private static (string, object)[] KeyParameters(ResourceKey key) =>
        [("$kind", key.Kind.ToText()), ("$tenant", key.Scope.Tenant.Value), ("$namespace", key.Scope.Namespace.Value), ("$name", key.Name)];

    private long CurrentVersion(ResourceKey key)
    {
        using var command = SqliteStatements.Command(
            connection, "SELECT version FROM resources WHERE kind = $kind AND tenant = $tenant AND namespace = $namespace AND name = $name", KeyParameters(key));
        return command.ExecuteScalar() as long? ?? 0;
    }

    private void Record(ResourceKey key, ChangeKind kind, long version)
    {
        using var command = SqliteStatements.Command(
            connection,
            "INSERT INTO changes (time, kind, tenant, namespace, name, change, version) VALUES ($time, $kind, $tenant, $namespace, $name, $change, $version) RETURNING sequence",
            [.. KeyParameters(key), ("$time", now.ToUnixTimeMilliseconds()), ("$change", (int)kind), ("$version", version)]);
        _changes.Add(new Change((long)command.ExecuteScalar()!, now, key.Kind, key.Scope.Tenant, key.Scope.Namespace, key.Name, kind, version));
    }

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = SqliteStatements.Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }
}
