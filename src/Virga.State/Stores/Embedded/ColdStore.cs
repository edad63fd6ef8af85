using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>
/// The database <c>state.db</c>: all keys as the last checkpoint left them. A row's record has a checksum that covers its key too, since SQLite checks none of its pages.
/// One writer at a time; readers have connections of their own and never wait for it.
/// </summary>
internal sealed class ColdStore : IDisposable
{
    private const int SchemaVersion = 1;

    // Up to this size opening looks at all of it; beyond, that would take longer than a start may.
    private const long CheckedBytes = 1L << 30;

    private readonly string _path;
    private readonly string _readerConnection;
    private readonly ConcurrentBag<ColdReader> _readers = [];
    private SqliteConnection? _writer;

    static ColdStore() => SQLitePCL.Batteries_V2.Init();

    public ColdStore(string directory)
    {
        _path = Path.Combine(directory, "state.db");
        _readerConnection = new SqliteConnectionStringBuilder { DataSource = _path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString();
    }

    /// <summary>Opens it, checks it, and gives its rows as long as they are wanted.</summary>
    /// <param name="row">Is given each row; says whether there is room for another.</param>
    /// <returns>How many rows were not given.</returns>
    /// <exception cref="ProblemException"><c>state-corrupted</c>, <c>storage-full</c>.</exception>
    public long Open(Func<StateKey, StateRecord, bool> row) => Guarded(() =>
    {
        CheckHeader();
        _writer = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false }.ToString());
        _writer.Open();
        Execute("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
        File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var isChecked = new FileInfo(_path).Length <= CheckedBytes;
        if (isChecked && Scalar("PRAGMA quick_check(1)") is not "ok" and var finding)
        {
            throw Corrupted($"{finding}");
        }

        Migrate();
        return ReadAll(row, isChecked);
    });

    /// <summary>The record of a key; null when there is none.</summary>
    public StateRecord? Find(StateKey key) => Reading(reader => reader.Find(key));

    /// <summary>Keys of a scope from one on, in order, with their records; as long as they are wanted.</summary>
    public void Scan(Scope scope, string from, bool inclusive, Func<StateKey, StateRecord, bool> row) => Reading(reader =>
    {
        reader.Scan(scope, from, inclusive, row);
        return true;
    });

    /// <summary>Keys that expire, or whose deletion may be forgotten, by a moment.</summary>
    public IReadOnlyList<StateKey> Due(long unixMilliseconds, int limit) => Reading(reader => reader.Due(unixMilliseconds, limit));

    /// <summary>Writes records in one transaction; they are on disk when it returns.</summary>
    public void Write(IReadOnlyList<ColdRow> rows) => Guarded(() =>
    {
        using var transaction = new ColdTransaction(_writer!);
        using var put = _writer!.CreateCommand();
        put.CommandText = "INSERT OR REPLACE INTO state (scope, key, record, due_at) VALUES ($scope, $key, $record, $due)";
        var scope = put.Parameters.Add("$scope", SqliteType.Text);
        var key = put.Parameters.Add("$key", SqliteType.Text);
        var record = put.Parameters.Add("$record", SqliteType.Blob);
        var due = put.Parameters.Add("$due", SqliteType.Integer);
        foreach (var row in rows)
        {
            scope.Value = ColdKeys.TextOf(row.Key.Scope);
            key.Value = row.Key.Text;
            record.Value = ColdKeys.Pack(row.Key, row.Record);
            due.Value = row.DueAt == 0 ? DBNull.Value : row.DueAt;
            put.ExecuteNonQuery();
        }

        transaction.Commit();
        return true;
    });

    /// <summary>Forgets keys, in one transaction.</summary>
    public void Remove(IReadOnlyList<StateKey> keys) => Guarded(() =>
    {
        using var transaction = new ColdTransaction(_writer!);
        using var delete = _writer!.CreateCommand();
        delete.CommandText = "DELETE FROM state WHERE scope = $scope AND key = $key";
        var scope = delete.Parameters.Add("$scope", SqliteType.Text);
        var text = delete.Parameters.Add("$key", SqliteType.Text);
        foreach (var key in keys)
        {
            scope.Value = ColdKeys.TextOf(key.Scope);
            text.Value = key.Text;
            delete.ExecuteNonQuery();
        }

        transaction.Commit();
        return true;
    });

    public void Dispose()
    {
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _writer?.Dispose();
        _writer = null;
    }

    private long ReadAll(Func<StateKey, StateRecord, bool> row, bool isChecked)
    {
        using var select = _writer!.CreateCommand();
        select.CommandText = "SELECT scope, key, record FROM state";
        using var rows = select.ExecuteReader();
        long left = 0;
        var wanted = true;
        while (rows.Read())
        {
            var (key, record) = ColdKeys.Unpack(ColdKeys.ReadText(rows, 0), ColdKeys.ReadText(rows, 1), rows.GetFieldValue<byte[]>(2));
            if (wanted)
            {
                wanted = row(key, record);
                continue;
            }

            left++;
            if (!isChecked)
            {
                // How many there are is only asked to know whether there are any.
                break;
            }
        }

        return isChecked ? left : left * (long.MaxValue / 2);
    }

    private T Reading<T>(Func<ColdReader, T> read) => Guarded(() =>
    {
        if (!_readers.TryTake(out var reader))
        {
            reader = new ColdReader(_readerConnection);
        }

        try
        {
            return read(reader);
        }
        finally
        {
            _readers.Add(reader);
        }
    });

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException exception)
        {
            throw ColdFaults.Translate(exception, _path);
        }
        catch (Exception exception) when (exception is StateEncodingException or InvalidCastException or FormatException)
        {
            throw Corrupted(exception.Message, exception);
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
                    CREATE TABLE state (scope TEXT NOT NULL, key TEXT NOT NULL, record BLOB NOT NULL, due_at INTEGER, PRIMARY KEY (scope, key)) WITHOUT ROWID;
                    CREATE INDEX state_due ON state (due_at) WHERE due_at IS NOT NULL;
                    PRAGMA user_version = {SchemaVersion};
                    COMMIT;
                    """);
                break;
            case (long)SchemaVersion:
                break;
            case var version:
                throw new ProblemException(KnownProblems.StateCorrupted(
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
            throw Corrupted("it does not begin as a SQLite file does");
        }
    }

    private object? Scalar(string sql)
    {
        using var command = _writer!.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private void Execute(string sql)
    {
        using var command = _writer!.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private ProblemException Corrupted(string what, Exception? inner = null) => ColdFaults.Corrupted(_path, what, inner);
}
