using System.Globalization;
using Microsoft.Data.Sqlite;
using Virga.Core.Problems;

namespace Virga.Control.Metadata;

/// <summary>The tables of the metadata file, and how older files become current ones. Entry N of the list leads from version N to N + 1.</summary>
internal static class SqliteSchema
{
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE resources (
            kind TEXT NOT NULL, tenant TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
            version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
            spec TEXT NOT NULL, state TEXT NOT NULL,
            PRIMARY KEY (kind, tenant, namespace, name)
        ) WITHOUT ROWID;

        CREATE TABLE function_versions (
            tenant TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
            created_at INTEGER NOT NULL, spec TEXT NOT NULL, package TEXT NOT NULL, built_package TEXT NOT NULL,
            pinned INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (tenant, namespace, name, version)
        ) WITHOUT ROWID;
        CREATE INDEX function_versions_pinned ON function_versions (pinned) WHERE pinned = 1;

        CREATE TABLE changes (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL, kind TEXT NOT NULL, tenant TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
            change INTEGER NOT NULL, version INTEGER NOT NULL
        );
        """,
    ];

    /// <summary>The version that this program writes.</summary>
    public static int Current => Migrations.Length;

    /// <summary>Brings the file to <see cref="Current"/>, each step in a transaction of its own.</summary>
    public static void Migrate(SqliteConnection connection, string path)
    {
        var version = ReadVersion(connection);
        if (version > Current)
        {
            throw new ProblemException(KnownProblems.MetadataCorrupted(
                $"'{path}' has schema version {version}; this Virga knows versions up to {Current}.",
                "Start the newer Virga that wrote it, or restore a backup made by this one."));
        }

        for (; version < Current; version++)
        {
            using var write = new SqliteWrite(connection);
            Execute(connection, Migrations[version]);
            Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version + 1}"));
            write.Commit();
        }
    }

    private static int ReadVersion(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
