using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Storage;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores;
using Virga.State.Time;

namespace Virga.State.Logs;

/// <summary>
/// The log in files of a folder. Appending copies into a buffer; one thread writes what has gathered and brings it to disk, so that all who wait share one
/// synchronisation. <c>docs/state.md</c> says how it recovers and what happens when the disk fails.
/// </summary>
public sealed class WriteAheadLog : IDeltaLog
{
    private readonly WriteAheadLogOptions _options;
    private readonly HybridClock _clock;
    private readonly ILogger _logger;
    private readonly LogDisk _disk;
    private readonly LogBuffer _buffer;
    private readonly DurabilityWaiters _waiters = new();
    private LogWriter? _writer;

    /// <summary>A log; nothing is touched until it is opened.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="clock">The node's clock: no reading in the log is later, after a restart neither.</param>
    /// <param name="logger">Where it reports what befalls the disk.</param>
    public WriteAheadLog(WriteAheadLogOptions options, HybridClock clock, ILogger logger)
        : this(options, clock, logger, new LogDisk())
    {
    }

    internal WriteAheadLog(WriteAheadLogOptions options, HybridClock clock, ILogger logger, LogDisk disk)
    {
        _options = options;
        _clock = clock;
        _logger = logger;
        _disk = disk;
        _buffer = new LogBuffer(options.MaxBufferedBytes);
    }

    /// <inheritdoc/>
    public long DurablePosition => _waiters.Durable;

    /// <summary>Where the oldest of its files began when it was opened.</summary>
    public long Beginning { get; private set; }

    /// <summary>Behind all that was appended.</summary>
    public long Position => _buffer.Position;

    /// <inheritdoc/>
    public ValueTask OpenAsync(Action<StateDelta> recovered, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var segments = new LogSegments(_options.Directory, _disk);
        try
        {
            Directory.CreateDirectory(_options.Directory);
            var recovery = new LogRecovery(_options.Directory, recovered);
            recovery.Read();
            _clock.Observe(recovery.Clock);
            if (recovery.Starts.Count == 0)
            {
                segments.Begin(0, _clock.Now(), []);
            }
            else
            {
                segments.Resume(recovery.Starts, recovery.End);
                if (recovery.TornBytes > 0)
                {
                    _logger.TornEnd(_options.Directory, recovery.TornBytes);
                }
            }

            Beginning = recovery.Starts.Count > 0 ? recovery.Starts[0] : 0;
            _buffer.Start(recovery.End);
            _waiters.Advance(recovery.End);
            _writer = new LogWriter(_options, _clock, _logger, segments, _buffer, _waiters);
            return ValueTask.CompletedTask;
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            segments.Dispose();
            throw new ProblemException(KnownProblems.StorageFull($"There is no room for the log of shared state in '{_options.Directory}'."), exception);
        }
        catch
        {
            segments.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long Append(StateKey key, StateRecord delta) => _buffer.Append(LogEntry.Encode(key, delta));

    /// <summary>Appends several deltas that are recovered together, or not at all.</summary>
    /// <returns>A position behind them.</returns>
    /// <exception cref="ProblemException"><c>storage-full</c>, <c>state-overloaded</c>: nothing was appended.</exception>
    public long AppendAll(ReadOnlySpan<StateDelta> deltas) => _buffer.Append(LogEntry.Encode(deltas));

    /// <inheritdoc/>
    /// <remarks>The wait is as short as the disk is fast, and what was appended cannot be taken back: cancellation is looked at before it only.</remarks>
    public ValueTask AcknowledgedAsync(long position, CancellationToken cancellation) =>
        _options.Durability == Durability.Interval ? ValueTask.CompletedTask : DurableAsync(position, cancellation);

    /// <inheritdoc/>
    public ValueTask DurableAsync(long position, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        var wait = _waiters.WaitAsync(position);
        if (!wait.IsCompleted && _options.Durability == Durability.Interval)
        {
            _buffer.Wake();
        }

        return wait;
    }

    /// <inheritdoc/>
    public long Rotate() => _buffer.Rotate();

    /// <inheritdoc/>
    public void Truncate(long before) => _writer!.Truncate(before);

    /// <summary>Brings what was appended to disk and closes the files.</summary>
    public ValueTask DisposeAsync()
    {
        _writer?.Dispose();
        _writer = null;
        _buffer.Dispose();
        return ValueTask.CompletedTask;
    }
}
