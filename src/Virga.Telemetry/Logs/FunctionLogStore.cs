using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Logging;
using Virga.Core.Names;
using Virga.Telemetry.Files;

namespace Virga.Telemetry.Logs;

/// <summary>
/// Keeps the lines of functions in bounded files, one folder <c>tenant/namespace/name</c> per function. Lines wait in a bounded queue for one loop that
/// writes them in batches. A line that finds no room (the function's rate, the queue, the disk) is dropped and counted; the count is written as soon as it can be.
/// </summary>
public sealed class FunctionLogStore : IFunctionLog, IAsyncDisposable
{
    private const int BatchBytes = 1 << 20;
    private const int MaxResultBytes = 32 << 20;
    private static readonly TimeSpan DropReportDelay = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<FunctionName, FunctionLogFile> _files = new();
    private readonly Func<FunctionName, FunctionLogFile> _newFile;
    private readonly Channel<Work> _queue = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentQueue<FunctionLogFile> _losers = new();
    private readonly FunctionLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<FunctionLogStore> _logger;
    private readonly ITimer _dropReport;
    private readonly Task _loop;

    // What follows belongs to the loop.
    private readonly List<FunctionLogFile> _pending = [];
    private readonly List<FunctionLogFile> _open = [];
    private readonly Stack<ArrayBufferWriter<byte>> _buffers = new();
    private long _totalBytes;
    private bool _isFailing;

    private long _queuedBytes;
    private long _written;
    private long _dropped;

    /// <summary>Opens the store; what is in its folder already is found again.</summary>
    public FunctionLogStore(FunctionLogOptions options, TimeProvider time, ILogger<FunctionLogStore> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        var limits = new SegmentLimits(options.SegmentBytes, options.FunctionBytes);
        _newFile = name => new FunctionLogFile(name, new SegmentedFile(FolderOf(name), limits, time), new RateBound(options.BytesPerSecond, options.BurstBytes, time));
        _dropReport = time.CreateTimer(_ => _queue.Writer.TryWrite(new Work(null, null, 0, static () => { })), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>How many lines were written.</summary>
    public long WrittenLines => Interlocked.Read(ref _written);

    /// <summary>How many lines were lost.</summary>
    public long DroppedLines => Interlocked.Read(ref _dropped);

    /// <summary>Whether the function has ever logged and its log is still kept.</summary>
    public Task<bool> KnowsAsync(FunctionName function) => InLoopAsync(() => _files.ContainsKey(function));

    /// <inheritdoc/>
    public void Write(FunctionLogLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        line = LogLineFormat.Cut(line);
        var file = _files.GetOrAdd(line.Function.Name, _newFile);
        var weight = LogLineFormat.Weigh(line);
        if (!file.Rate.TryTake(weight))
        {
            file.LastVersion = line.Function;
            Lose(file, 1);
            return;
        }

        if (Interlocked.Add(ref _queuedBytes, weight) > _options.QueueBytes || !_queue.Writer.TryWrite(new Work(file, line, weight, null)))
        {
            Interlocked.Add(ref _queuedBytes, -weight);
            file.LastVersion = line.Function;
            Lose(file, 1);
        }
    }

    /// <summary>Ends when all lines that were given before are in the files, or are known to be lost.</summary>
    public Task FlushAsync() => InLoopAsync(static () => true);

    /// <summary>The newest lines that match, oldest first, each a JSON object without a line end.</summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> QueryAsync(FunctionName function, LogQuery query, CancellationToken cancellation)
    {
        await FlushAsync().WaitAsync(cancellation);
        return Read(function, query, SegmentPosition.End, cancellation);
    }

    /// <summary>The newest lines that match, and those that are yet to come; none is left out or given twice between them.</summary>
    public async Task<LogTail> FollowAsync(FunctionName function, LogQuery query, CancellationToken cancellation)
    {
        var tail = new LogTail(new LogFilter(query), [], gone => _queue.Writer.TryWrite(new Work(null, null, 0, () => Leave(function, gone))));
        try
        {
            var position = await InLoopAsync(() =>
            {
                var file = _files.GetOrAdd(function, _newFile);
                file.Tails.Add(tail);
                return file.File.Position;
            }).WaitAsync(cancellation);
            tail.History = Read(function, query, position, cancellation);
            return tail;
        }
        catch
        {
            tail.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _dropReport.DisposeAsync();
        _queue.Writer.TryComplete();
        await _loop;
    }

    private string FolderOf(FunctionName name) =>
        Path.Combine(_options.Directory, name.Tenant.Value, name.Namespace.Value, name.Name.Value);

    private List<ReadOnlyMemory<byte>> Read(FunctionName function, LogQuery query, SegmentPosition before, CancellationToken cancellation)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        var bytes = 0;
        var filter = new LogFilter(query);
        SegmentScan.Backwards(
            FolderOf(function),
            before,
            notBefore: 0,
            maxBytes: long.MaxValue,
            line =>
            {
                if (filter.Matches(line.Span, out var isTooOld))
                {
                    lines.Add(line.ToArray());
                    bytes += line.Length;
                }

                return !isTooOld && lines.Count < query.Limit && bytes < MaxResultBytes;
            },
            cancellation);
        lines.Reverse();
        return lines;
    }

    private async Task<T> InLoopAsync<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Run()
        {
            try
            {
                done.SetResult(action());
            }
            catch (Exception exception)
            {
                // Of the one who asked: the loop goes on for all others.
                done.SetException(exception);
            }
        }

        ObjectDisposedException.ThrowIf(!_queue.Writer.TryWrite(new Work(null, null, 0, Run)), this);
        return await done.Task;
    }

    private void Lose(FunctionLogFile file, long lines)
    {
        Interlocked.Add(ref _dropped, lines);
        Owe(file, lines);
    }

    // The report follows a little later, so that a flood of lost lines makes one line a second.
    private void Owe(FunctionLogFile file, long lines)
    {
        if (file.Drop(lines))
        {
            _losers.Enqueue(file);
            _dropReport.Change(DropReportDelay, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task RunAsync()
    {
        Load();
        while (await _queue.Reader.WaitToReadAsync())
        {
            long weight = 0;
            while (weight < BatchBytes && _queue.Reader.TryRead(out var work))
            {
                if (work.Then is { } then)
                {
                    WritePending();
                    ReportDrops();
                    then();
                    continue;
                }

                Encode(work.File!, work.Line!);
                weight += work.Weight;
            }

            WritePending();
            Interlocked.Add(ref _queuedBytes, -weight);
            Prune();
        }

        ReportDrops();
        foreach (var file in _files.Values)
        {
            file.Tails.ForEach(static tail => tail.End());
            file.File.Close();
        }
    }

    private void Load()
    {
        try
        {
            foreach (var name in LogFolders.Find(_options.Directory))
            {
                var file = _files.GetOrAdd(name, _newFile);
                file.LastWritten = LogFolders.LastWritten(file.File.Folder);
                _totalBytes += file.File.Bytes;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogError(e, "The earlier function logs in {Directory} cannot be listed; they are not counted towards the bound", _options.Directory);
        }
    }

    private void Encode(FunctionLogFile given, FunctionLogLine line)
    {
        // It may have been pruned while the line waited.
        var file = _files.GetOrAdd(given.Function, given);
        file.LastVersion = line.Function;
        if (file.Pending is null)
        {
            file.Pending = _buffers.TryPop(out var buffer) ? buffer : new ArrayBufferWriter<byte>();
            _pending.Add(file);
        }

        var from = file.Pending.WrittenCount;
        LogLineFormat.Write(file.Pending, line);
        file.PendingLines++;
        foreach (var tail in file.Tails)
        {
            tail.Offer(file.Pending.WrittenSpan[from..^1]);
        }
    }

    private void WritePending()
    {
        foreach (var file in _pending)
        {
            if (TryAppend(file, file.Pending!.WrittenSpan))
            {
                Interlocked.Add(ref _written, file.PendingLines);
            }
            else
            {
                Lose(file, file.PendingLines);
            }

            file.Pending.ResetWrittenCount();
            if (file.Pending.Capacity <= BatchBytes && _buffers.Count < _options.OpenFiles)
            {
                _buffers.Push(file.Pending);
            }

            (file.Pending, file.PendingLines) = (null, 0);
        }

        _pending.Clear();
    }

    private bool TryAppend(FunctionLogFile file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            Append(file, bytes);
            file.LastWritten = _time.GetUtcNow().ToUnixTimeMilliseconds();
            _isFailing = false;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Once per failure, not once per batch: a full disk lasts.
            if (!_isFailing)
            {
                _logger.LogError(e, "Function logs cannot be written; lines are dropped until they can be again");
                _isFailing = true;
            }

            return false;
        }
    }

    private void Append(FunctionLogFile file, ReadOnlySpan<byte> bytes)
    {
        var before = file.File.Bytes;
        KeepOpen(file);
        try
        {
            file.File.Append(bytes);
        }
        finally
        {
            // A failed append may have begun a segment, or pruned one.
            _totalBytes += file.File.Bytes - before;
        }
    }

    private void KeepOpen(FunctionLogFile file)
    {
        if (file.File.IsOpen)
        {
            return;
        }

        _open.RemoveAll(static other => !other.File.IsOpen);
        if (_open.Count >= _options.OpenFiles && _open.MinBy(static other => other.LastWritten) is { } stalest)
        {
            stalest.File.Close();
        }

        _open.Add(file);
    }

    private void ReportDrops()
    {
        for (var count = _losers.Count; count > 0 && _losers.TryDequeue(out var file); count--)
        {
            var lines = file.TakeDropped();
            if (file.LastVersion is not { } version)
            {
                continue;
            }

            var report = new ArrayBufferWriter<byte>();
            LogLineFormat.Write(report, new FunctionLogLine(_time.GetUtcNow(), version, "", null, FunctionLogLevel.Warn, $"{lines} lines dropped: more than the node can keep"));
            file.Tails.ForEach(tail => tail.Offer(report.WrittenSpan[..^1]));
            if (!TryAppend(file, report.WrittenSpan))
            {
                Owe(file, lines);
            }
        }
    }

    private void Prune()
    {
        if (_totalBytes <= _options.TotalBytes && _files.Count <= _options.MaxFunctions)
        {
            return;
        }

        // A tenth more than needed goes, so that this is not done for every batch.
        foreach (var file in _files.Values.Where(static file => file.Tails.Count == 0).OrderBy(static file => file.LastWritten).ToList())
        {
            if (_totalBytes <= _options.TotalBytes * 0.9 && _files.Count <= _options.MaxFunctions * 0.9)
            {
                return;
            }

            Remove(file);
        }
    }

    private void Remove(FunctionLogFile file)
    {
        var bytes = file.File.Bytes;
        try
        {
            file.File.Delete();
            _files.TryRemove(file.Function, out _);
            _totalBytes -= bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogError(e, "The log of {Function} could not be removed", file.Function);
        }
    }

    private void Leave(FunctionName function, LogTail tail)
    {
        tail.End();
        if (_files.TryGetValue(function, out var file))
        {
            file.Tails.Remove(tail);
        }
    }

    private readonly record struct Work(FunctionLogFile? File, FunctionLogLine? Line, int Weight, Action? Then);
}
