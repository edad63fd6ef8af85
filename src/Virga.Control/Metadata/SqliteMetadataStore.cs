using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Metadata;

/// <summary>
/// Metadata in one SQLite file: write-ahead log, synchronised at every commit, so that what was acknowledged survives a kill and a power cut.
/// There is one connection that writes, used by one commit at a time; each read has a connection of its own and never waits for the writer.
/// </summary>
internal sealed class SqliteMetadataStore : IMetadataStore
{
    private readonly string _path;
    private readonly int _keptChanges;
    private readonly TimeProvider _time;
    private readonly string _readerConnection;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private SqliteConnection? _writer;

    static SqliteMetadataStore() => SQLitePCL.Batteries_V2.Init();

    /// <param name="path">The file; it is made when there is none.</param>
    /// <param name="time">The clock that stamps changes.</param>
    /// <param name="keptChanges">How many of the newest changes the feed keeps, at least.</param>
    public SqliteMetadataStore(string path, TimeProvider time, int keptChanges = 100_000)
    {
        _path = path;
        _time = time;
        _keptChanges = keptChanges;
        _readerConnection = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = true }.ToString();
    }

    public ValueTask OpenAsync(CancellationToken cancellation)
    {
        try
        {
            CheckHeader();
            var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false }.ToString());
            _writer = connection;
            connection.Open();
            File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Execute(connection, "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
            QuickCheck(connection);
            SqliteSchema.Migrate(connection, _path);
        }
        catch (SqliteException exception) when (SqliteFaults.IsKnown(exception))
        {
            throw SqliteFaults.Translate(exception, _path);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<StoredResource?> FindAsync(ResourceKey key, CancellationToken cancellation) => ReadAsync(connection =>
    {
        using var command = SqliteStatements.SelectResource(connection, key);
        using var reader = command.ExecuteReader();
        return reader.Read() ? SqliteStatements.ReadResource(reader) : null;
    });

    public ValueTask<IReadOnlyList<StoredResource>> ListAsync(ResourceKind kind, Scope scope, string? after, int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredResource>>(connection =>
    {
        using var command = SqliteStatements.SelectResources(connection, kind, scope, after ?? "", limit);
        return ReadRows(command, SqliteStatements.ReadResource);
    });

    public IAsyncEnumerable<StoredResource> ReadAllAsync(ResourceKind kind, CancellationToken cancellation) =>
        StreamAsync(connection => SqliteStatements.SelectKind(connection, kind), SqliteStatements.ReadResource, cancellation);

    public ValueTask<StoredFunctionVersion?> FindVersionAsync(FunctionName function, int version, CancellationToken cancellation) => ReadAsync(connection =>
    {
        using var command = SqliteStatements.SelectVersion(connection, function, version);
        using var reader = command.ExecuteReader();
        return reader.Read() ? SqliteStatements.ReadVersion(reader) : null;
    });

    public ValueTask<IReadOnlyList<StoredFunctionVersion>> ListVersionsAsync(FunctionName function, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredFunctionVersion>>(connection =>
    {
        using var command = SqliteStatements.SelectVersions(connection, function);
        return ReadRows(command, SqliteStatements.ReadVersion);
    });

    public IAsyncEnumerable<StoredFunctionVersion> ReadPinnedVersionsAsync(CancellationToken cancellation) =>
        StreamAsync(SqliteStatements.SelectPinned, SqliteStatements.ReadVersion, cancellation);

    public ValueTask<IReadOnlySet<string>> ReadUsedPackagesAsync(CancellationToken cancellation) => ReadAsync<IReadOnlySet<string>>(connection =>
    {
        using var command = SqliteStatements.SelectUsedPackages(connection);
        return ReadRows(command, reader => reader.GetString(0)).ToHashSet(StringComparer.Ordinal);
    });

    public ValueTask<IReadOnlyList<Change>> ReadChangesAsync(long after, int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Change>>(connection =>
    {
        // The two queries must see one state of the file, or a change could be dropped between them.
        using var transaction = connection.BeginTransaction(deferred: true);
        var oldest = SqliteStatements.OldestChange(connection);
        if (after > 0 && oldest > after + 1)
        {
            throw new ProblemException(KnownProblems.ChangesLost($"The oldest change that is kept has the sequence number {oldest}; changes after {after} were asked for."));
        }

        using var command = SqliteStatements.SelectChanges(connection, after, limit);
        return ReadRows(command, SqliteStatements.ReadChange);
    });

    public ValueTask<long> NewestChangeAsync(CancellationToken cancellation) => ReadAsync(SqliteStatements.NewestChange);

    public ValueTask<IDisposable> EnterAsync(CancellationToken cancellation) => ValueTask.FromResult<IDisposable>(OnlyProcess.Instance);

    public async ValueTask<IReadOnlyList<Change>> CommitAsync(IReadOnlyList<MetadataOperation> operations, CancellationToken cancellation)
    {
        var writer = _writer ?? throw new InvalidOperationException("The store is not open.");
        await _writing.WaitAsync(cancellation);
        try
        {
            using var write = new SqliteWrite(writer);
            var commit = new SqliteCommit(writer, _time.GetUtcNow());
            foreach (var operation in operations)
            {
                commit.Apply(operation);
            }

            commit.PruneChanges(_keptChanges);
            write.Commit();
            return commit.Changes;
        }
        catch (SqliteException exception) when (SqliteFaults.IsKnown(exception))
        {
            throw SqliteFaults.Translate(exception, _path);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writing.WaitAsync();
        if (_writer is { } writer)
        {
            _writer = null;
            using var readers = new SqliteConnection(_readerConnection);
            SqliteConnection.ClearPool(readers);
            await writer.DisposeAsync();
        }

        _writing.Dispose();
    }

    private static List<T> ReadRows<T>(SqliteCommand command, Func<SqliteDataReader, T> read)
    {
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
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
            throw SqliteFaults.Corrupted(_path, "it does not begin as a SQLite file does.");
        }
    }

    private void QuickCheck(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (command.ExecuteScalar() is not "ok" and var finding)
        {
            throw SqliteFaults.Corrupted(_path, $"{finding}.");
        }
    }

    // SQLite reads from memory or the page cache within microseconds; a thread of its own would cost more than the read.
    private ValueTask<T> ReadAsync<T>(Func<SqliteConnection, T> read)
    {
        try
        {
            using var connection = new SqliteConnection(_readerConnection);
            connection.Open();
            return ValueTask.FromResult(read(connection));
        }
        catch (SqliteException exception) when (SqliteFaults.IsKnown(exception))
        {
            throw SqliteFaults.Translate(exception, _path);
        }
    }

    private async IAsyncEnumerable<T> StreamAsync<T>(Func<SqliteConnection, SqliteCommand> select, Func<SqliteDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var connection = new SqliteConnection(_readerConnection);
        await connection.OpenAsync(cancellation);
        await using var command = select(connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            yield return read(reader);
        }
    }

    /// <summary>The turn of a process that has its store to itself.</summary>
    private sealed class OnlyProcess : IDisposable
    {
        public static readonly OnlyProcess Instance = new();

        public void Dispose()
        {
            // Nobody waits.
        }
    }
}
