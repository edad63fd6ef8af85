using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Virga.Core.Problems;
using Virga.Topics.Ledgers;
using Virga.Topics.Metadata.Writes;

namespace Virga.Topics.Metadata.Sqlite;

/// <summary>
/// The topics' metadata of a machine alone: one SQLite file with a write-ahead log, synchronised at every commit. One thread writes, all writes that wait in one transaction;
/// readers have connections of their own and never wait for it.
/// </summary>
public sealed class SqliteTopicMetadata : ITopicMetadata
{
    private readonly string _path;
    private readonly string _readerConnection;
    private readonly WriteQueue _queue = new();
    private readonly LedgerNumbers _numbers;
    private readonly ConcurrentBag<SqliteMetadataReader> _readers = [];
    private readonly SqliteMetadataWriter _writer;
    private Task _writing = Task.CompletedTask;

    static SqliteTopicMetadata() => SQLitePCL.Batteries_V2.Init();

    /// <param name="path">The file; it is made when there is none.</param>
    public SqliteTopicMetadata(string path)
    {
        _path = path;
        _readerConnection = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString();
        _writer = new SqliteMetadataWriter(path);
        _numbers = new LedgerNumbers(async cancellation => (await _queue.WriteAsync(PendingWrite.OfLedgerNumber(cancellation)))[0]);
    }

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-corrupted</c>, <c>storage-full</c>.</exception>
    public ValueTask OpenAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Guarded(() =>
        {
            _writer.Open();
            return true;
        });
        _writing = Task.Factory.StartNew(WriteUntilCompleted, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-corrupted</c>, <c>topics-unavailable</c>.</exception>
    public ValueTask<MetadataValue?> GetAsync(string key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var wanted = MetadataKey.Of(key);
        return ValueTask.FromResult(Reading(reader => reader.Get(wanted)));
    }

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-corrupted</c>, <c>topics-unavailable</c>, <c>storage-full</c>; nothing was written.</exception>
    public async ValueTask<long[]> WriteAsync(IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation) =>
        writes.Count == 0 ? [] : await _queue.WriteAsync(PendingWrite.Of(writes, cancellation));

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>topics-corrupted</c>, <c>topics-unavailable</c>.</exception>
    public ValueTask<IReadOnlyList<KeyValuePair<string, MetadataValue>>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var range = MetadataKey.Range(prefix, after);
        return ValueTask.FromResult(Reading(reader => reader.List(range, limit)));
    }

    /// <inheritdoc/>
    public ValueTask<LedgerId> NextLedgerAsync(CancellationToken cancellation) => _numbers.NextAsync(cancellation);

    /// <summary>Writes what still waits, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Complete();
        await _writing;
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _writer.Dispose();
        _numbers.Dispose();
    }

    private void WriteUntilCompleted()
    {
        var waiting = new List<PendingWrite>();
        while (_queue.TakeAsync(waiting).AsTask().GetAwaiter().GetResult())
        {
            if (waiting.Count == 0)
            {
                continue;
            }

            var batch = new MetadataBatch(waiting);
            try
            {
                _writer.Write(batch);
            }
            catch (Exception exception)
            {
                batch.Fail(exception is SqliteException fault ? SqliteMetadataFaults.Translate(fault, _path) : exception);
                continue;
            }

            batch.Complete();
        }
    }

    private T Reading<T>(Func<SqliteMetadataReader, T> read) => Guarded(() =>
    {
        if (!_readers.TryTake(out var reader))
        {
            reader = new SqliteMetadataReader(_readerConnection);
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
            throw SqliteMetadataFaults.Translate(exception, _path);
        }
        catch (Exception exception) when (exception is FormatException or InvalidCastException)
        {
            throw SqliteMetadataFaults.Corrupted(_path, exception.Message, exception);
        }
    }
}
