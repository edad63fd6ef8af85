using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Telemetry.Files;

namespace Virga.Telemetry.Usage;

/// <summary>
/// Keeps a usage record of every invocation in bounded files, and counts per function in memory. A call only puts its record into a queue; one loop counts
/// and writes in batches. When the queue is full the caller counts its record itself, and only the written record is lost, and counted as lost.
/// </summary>
public sealed class UsageStore : IInvocationObserver, IAsyncDisposable
{
    private const int BatchRecords = 256;
    private const int WriteBytes = 256 * 1024;
    private static readonly TimeSpan BatchDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);

    private readonly UsageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageStore> _logger;
    private readonly RecordRing _ring;
    private readonly ConcurrentQueue<TaskCompletionSource> _flushes = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Task _loop;

    // Held by the loop for the time of a batch, by queries, and by callers only when the queue is full.
    private readonly Lock _ledgerLock = new();
    private readonly UsageLedger _ledger;
    private readonly Queue<byte[]> _failures = new();

    // What follows belongs to the loop.
    private readonly SegmentedFile _file;
    private readonly InvocationRecord[] _batch = new InvocationRecord[BatchRecords];
    private readonly ArrayBufferWriter<byte> _output = new(WriteBytes);
    private readonly Utf8JsonWriter _json;
    private FunctionVersion? _lastVersion;
    private JsonEncodedText _lastName;
    private long _outputRecords;
    private long _forgotAt;
    private bool _isFailing;

    private int _isIdle;
    private volatile bool _isStopping;
    private long _written;
    private long _dropped;

    /// <summary>Opens the store; earlier records are found again.</summary>
    public UsageStore(UsageOptions options, TimeProvider time, ILogger<UsageStore> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _ring = new RecordRing(options.QueueLength);
        _ledger = new UsageLedger(options, time);
        _file = new SegmentedFile(options.Directory, new SegmentLimits(options.SegmentBytes, options.TotalBytes, TimeSpan.FromHours(1), options.Retention), time);
        _json = UsageRecordFormat.NewWriter(_output);
        _forgotAt = time.GetTimestamp();
        _loop = Task.Run(RunAsync);
    }

    /// <summary>How many records were written.</summary>
    public long WrittenRecords => Interlocked.Read(ref _written);

    /// <summary>How many records were counted, but could not be written.</summary>
    public long DroppedRecords => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public void Completed(in InvocationRecord record)
    {
        if (!_ring.TryAdd(record))
        {
            Interlocked.Increment(ref _dropped);
            lock (_ledgerLock)
            {
                _ledger.Add(record);
            }
        }

        // Adding is a full fence: either this sees that the loop is idle, or the loop, which looks once more before it sleeps, sees the record.
        if (Volatile.Read(ref _isIdle) == 1 && Interlocked.Exchange(ref _isIdle, 0) == 1)
        {
            _wake.Release();
        }
    }

    /// <summary>Ends when all records that were given before are counted, and are in the files or known to be lost.</summary>
    public Task FlushAsync()
    {
        ObjectDisposedException.ThrowIf(_isStopping, this);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _flushes.Enqueue(done);
        _wake.Release();
        return done.Task;
    }

    /// <summary>What a function has used on this node.</summary>
    public async Task<FunctionStats> StatsAsync(FunctionName function, CancellationToken cancellation)
    {
        await FlushAsync().WaitAsync(cancellation);
        lock (_ledgerLock)
        {
            return _ledger.Stats(function);
        }
    }

    /// <summary>The newest records of a function that match, newest first, each a JSON object.</summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> RecentAsync(FunctionName function, UsageQuery query, CancellationToken cancellation)
    {
        await FlushAsync().WaitAsync(cancellation);
        return new UsageSearch(_options, Failures()).Recent(function, query, cancellation);
    }

    /// <summary>The record of one invocation as a JSON object; null when it has not ended or is no longer kept.</summary>
    public async Task<ReadOnlyMemory<byte>?> FindAsync(InvocationId id, CancellationToken cancellation)
    {
        await FlushAsync().WaitAsync(cancellation);
        return new UsageSearch(_options, Failures()).Find(id, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isStopping)
        {
            return;
        }

        _isStopping = true;
        _wake.Release();
        await _loop;
        _file.Dispose();
        await _json.DisposeAsync();
        _wake.Dispose();
    }

    /// <summary>Shows the counts to a reader, while none of them changes.</summary>
    internal void Read(Action<UsageLedger> reader)
    {
        lock (_ledgerLock)
        {
            reader(_ledger);
        }
    }

    private byte[][] Failures()
    {
        lock (_ledgerLock)
        {
            return [.. _failures];
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            var isLast = _isStopping;
            var flushes = _flushes.Count;
            Drain();
            WriteOutput();
            for (; flushes > 0 && _flushes.TryDequeue(out var flush); flushes--)
            {
                flush.SetResult();
            }

            if (isLast)
            {
                break;
            }

            await RestAsync();
        }

        while (_flushes.TryDequeue(out var flush))
        {
            flush.SetResult();
        }
    }

    // Busy: gather a batch first, or the loop would be woken by every call. Idle: sleep until a call wakes it.
    private async ValueTask RestAsync()
    {
        if (_ring.Count > _options.QueueLength / 2)
        {
            return;
        }

        Interlocked.Exchange(ref _isIdle, 1);
        if (_ring.Count == 0 && _flushes.IsEmpty)
        {
            await _wake.WaitAsync();
        }

        Volatile.Write(ref _isIdle, 0);
        if (_flushes.IsEmpty && !_isStopping)
        {
            await _wake.WaitAsync(BatchDelay);
        }
    }

    private void Drain()
    {
        while (true)
        {
            var count = 0;
            while (count < BatchRecords && _ring.TryTake(out _batch[count]))
            {
                count++;
            }

            if (count == 0)
            {
                break;
            }

            Take(_batch.AsSpan(0, count));
        }

        if (_time.GetElapsedTime(_forgotAt) > ForgetEvery)
        {
            _forgotAt = _time.GetTimestamp();
            lock (_ledgerLock)
            {
                _ledger.Forget();
            }
        }
    }

    private void Take(Span<InvocationRecord> records)
    {
        lock (_ledgerLock)
        {
            foreach (ref readonly var record in records)
            {
                _ledger.Add(record);
            }
        }

        foreach (ref readonly var record in records)
        {
            Encode(record);
        }

        records.Clear();
        if (_output.WrittenCount > WriteBytes - (BatchRecords * 512))
        {
            WriteOutput();
        }
    }

    private void Encode(in InvocationRecord record)
    {
        if (!ReferenceEquals(record.Function, _lastVersion))
        {
            (_lastVersion, _lastName) = (record.Function, JsonEncodedText.Encode(record.Function.Name.ToString()));
        }

        var from = _output.WrittenCount;
        _json.Reset();
        UsageRecordFormat.Write(_json, record, _lastName);
        if (record.Problem is not null)
        {
            Remember(_output.WrittenSpan[from..].ToArray());
        }

        _output.Write("\n"u8);
        _outputRecords++;
    }

    private void Remember(byte[] failure)
    {
        lock (_ledgerLock)
        {
            if (_failures.Count >= _options.RecentFailures)
            {
                _failures.Dequeue();
            }

            _failures.Enqueue(failure);
        }
    }

    private void WriteOutput()
    {
        if (_outputRecords == 0)
        {
            return;
        }

        try
        {
            _file.Append(_output.WrittenSpan);
            Interlocked.Add(ref _written, _outputRecords);
            _isFailing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Interlocked.Add(ref _dropped, _outputRecords);
            // Once per failure, not once per batch: a full disk lasts.
            if (!_isFailing)
            {
                _logger.LogError(e, "Usage records cannot be written; they are dropped until they can be again");
                _isFailing = true;
            }
        }

        _output.ResetWrittenCount();
        _outputRecords = 0;
    }
}
