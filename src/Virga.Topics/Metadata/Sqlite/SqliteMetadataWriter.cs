using Microsoft.Data.Sqlite;
using SQLitePCL;
using Virga.Core.Problems;
using Virga.Topics.Metadata.Writes;

namespace Virga.Topics.Metadata.Sqlite;

/// <summary>The connection that writes, and what it does to a batch. Used by one thread at a time.</summary>
internal sealed class SqliteMetadataWriter : IDisposable
{
    private const int SchemaVersion = 1;

    // Up to this size opening looks at all of it; beyond, that would take longer than a start may.
    private const long CheckedBytes = 256L << 20;

    private readonly string _path;
    private readonly SqliteConnection _connection;
    private SqliteCommand? _find;
    private SqliteCommand? _put;
    private SqliteCommand? _delete;
    private SqliteCommand? _floor;
    private SqliteCommand? _raise;

    public SqliteMetadataWriter(string path)
    {
        _path = path;
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
    }

    /// <summary>Opens the file, or makes it, and checks it.</summary>
    public void Open()
    {
        CheckHeader();
        _connection.Open();
        Execute("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
        File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (new FileInfo(_path).Length <= CheckedBytes && Scalar("PRAGMA quick_check(1)") is not "ok" and var finding)
        {
            throw SqliteMetadataFaults.Corrupted(_path, $"{finding}");
        }

        Migrate();
        _find = Prepare("SELECT version FROM entries WHERE key = $key", ("$key", SqliteType.Blob));
        _put = Prepare(
            "INSERT INTO entries (key, value, version) VALUES ($key, $value, $version) ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version",
            ("$key", SqliteType.Blob), ("$value", SqliteType.Blob), ("$version", SqliteType.Integer));
        _delete = Prepare("DELETE FROM entries WHERE key = $key", ("$key", SqliteType.Blob));
        _floor = Prepare("SELECT version FROM floor");
        _raise = Prepare("UPDATE floor SET version = $version", ("$version", SqliteType.Integer));
    }

    /// <summary>Writes a batch; it is on disk when this returns, or nothing of it is there.</summary>
    public void Write(MetadataBatch batch)
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            Apply(batch);
            Execute("COMMIT");
        }
        finally
        {
            // SQLite ends a transaction by itself when the disk is full, during the commit as well.
            var isOpen = raw.sqlite3_get_autocommit(_connection.Handle) == 0;
            if (isOpen)
            {
                Execute("ROLLBACK");
            }
        }
    }

    public void Dispose()
    {
        _find?.Dispose();
        _put?.Dispose();
        _delete?.Dispose();
        _floor?.Dispose();
        _raise?.Dispose();
        _connection.Dispose();
    }

    private void Apply(MetadataBatch batch)
    {
        foreach (var row in batch.Rows)
        {
            _find!.Parameters[0].Value = row.Key.Bytes;
            if (_find.ExecuteScalar() is long version)
            {
                batch.Found(row.Key, version);
            }
        }

        var floor = (long)_floor!.ExecuteScalar()!;
        if (!batch.Plan(floor))
        {
            return;
        }

        foreach (var row in batch.Rows)
        {
            if (!row.IsWritten)
            {
                continue;
            }

            if (row.Version == 0)
            {
                _delete!.Parameters[0].Value = row.Key.Bytes;
                _delete.ExecuteNonQuery();
                continue;
            }

            _put!.Parameters[0].Value = row.Key.Bytes;
            _put.Parameters[1].Value = SealedValue.Seal(row.Key, row.Version, row.Value.Span);
            _put.Parameters[2].Value = row.Version;
            _put.ExecuteNonQuery();
        }

        if (batch.Floor > floor)
        {
            _raise!.Parameters[0].Value = batch.Floor;
            _raise.ExecuteNonQuery();
        }
    }

    private void Migrate()
    {
        switch (Scalar("PRAGMA user_version"))
        {
            case 0L:
                // Without IF NOT EXISTS: a table that is there already means that the file is damaged.
                Execute(
                    $"""
                    BEGIN IMMEDIATE;
                    CREATE TABLE entries (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL);
                    -- One row: no version that a deleted key ever had is greater.
                    CREATE TABLE floor (version INTEGER NOT NULL);
                    INSERT INTO floor VALUES (0);
                    PRAGMA user_version = {SchemaVersion};
                    COMMIT;
                    """);
                break;
            case (long)SchemaVersion:
                break;
            case var version:
                throw new ProblemException(KnownProblems.TopicsCorrupted(
                    $"'{_path}' has schema version {version}; this Virga knows {SchemaVersion}.", "Start the newer Virga that wrote it, or restore a backup made by this one."));
        }
    }

    private void CheckHeader()
    {
        if (!File.Exists(_path))
        {
            return;
        }

        using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> header = stackalloc byte[16];
        var length = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (length > 0 && !header[..length].SequenceEqual("SQLite format 3\0"u8))
        {
            throw SqliteMetadataFaults.Corrupted(_path, "it does not begin as a SQLite file does");
        }
    }

    private SqliteCommand Prepare(string sql, params ReadOnlySpan<(string Name, SqliteType Type)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, type) in parameters)
        {
            command.Parameters.Add(name, type);
        }

        return command;
    }

    private object? Scalar(string sql)
    {
        using var command = Prepare(sql);
        return command.ExecuteScalar();
    }

    private void Execute(string sql)
    {
        using var command = Prepare(sql);
        command.ExecuteNonQuery();
    }
}
