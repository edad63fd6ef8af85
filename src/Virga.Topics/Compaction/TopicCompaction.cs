using Microsoft.Extensions.Logging;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Compaction;

/// <summary>
/// Compacts one topic: reads it twice up to where it ends now, first for the last message of each key, then to copy those into a ledger of its own, which takes the place of the one before. It needs memory for
/// the keys (some 100 bytes each and their text).
/// </summary>
internal sealed partial class TopicCompaction(TopicLog log, LogServices services) : IAsyncDisposable
{
    private const int ReadEntries = 500;
    private const int ReadBytes = 4 << 20;

    // So many bytes wait for the disk at most.
    private const long MaxPending = 8 << 20;

    // Its ledger is named when it is done: until then other nodes are told so often that it is no abandoned one.
    private static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();

    // Guards which one runs.
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private CompactionState _state;
    private string? _failure;

    /// <summary>The topic as it was compacted.</summary>
    public CompactedLog View { get; } = new(log, services.Ledgers);

    public CompactionStatus Status
    {
        get
        {
            var record = log.Record.Compaction;
            lock (_lock)
            {
                return new CompactionStatus(_state, _failure, record?.Horizon, record?.Entries ?? 0, record?.Bytes ?? 0);
            }
        }
    }

    /// <summary>Begins one, or joins the one that runs; completes when it is done.</summary>
    public Task RunAsync()
    {
        lock (_lock)
        {
            if (_running.IsCompleted)
            {
                (_state, _failure) = (CompactionState.Running, null);
                _running = Task.Run(() => CompactAndTellAsync(_stop.Token));
            }

            return _running;
        }
    }

    /// <summary>Begins one where none runs. Whoever asks for <see cref="Status"/> hears how it ends.</summary>
    public void Begin() => _ = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task running;
        lock (_lock)
        {
            running = _running;
        }

        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task CompactAndTellAsync(CancellationToken stop)
    {
        try
        {
            while (!await CompactAsync(stop))
            {
                // The topic was truncated meanwhile: what is left is compacted.
            }

            End(CompactionState.Done, null);
        }
        catch (Exception e)
        {
            End(CompactionState.Failed, e.Message);
            LogFailed(services.Logger, e, log.Name);
            throw;
        }
    }

    private void End(CompactionState state, string? failure)
    {
        lock (_lock)
        {
            (_state, _failure) = (state, failure);
        }
    }

    // Gives false when what was compacted was truncated meanwhile.
    private async Task<bool> CompactAsync(CancellationToken stop)
    {
        var (before, horizon) = (log.Record.Compaction, log.Last);
        if (horizon <= (before?.Horizon ?? Position.Earliest))
        {
            return true;
        }

        var keys = new KeyIndex(log.Name);
        await foreach (var entry in EntriesAsync(horizon, stop))
        {
            keys.Note(entry);
        }

        var (written, unnamed) = await WriteAsync(keys, horizon, stop);
        var isTruncated = false;
        await log.ChangeAsync(
            record =>
            {
                isTruncated = written.Entries > 0 && written.First <= record.Truncated;
                return isTruncated ? record : record with { Compaction = written };
            },
            () => [.. unnamed is { } ledger ? services.Unnamed.Naming(ledger) : [], .. before is { Ledger: >= 0 } ? services.Unnamed.Dropping([new LedgerId(before.Ledger)]) : []],
            stop);
        if (isTruncated)
        {
            await services.Unnamed.DeleteAsync(new LedgerId(written.Ledger), CancellationToken.None);
            return false;
        }

        if (before is { Ledger: >= 0 })
        {
            await services.Unnamed.DeleteAsync(new LedgerId(before.Ledger), CancellationToken.None);
        }

        LogDone(services.Logger, log.Name, written.Horizon, written.Entries, written.Bytes);
        return true;
    }

    private async Task<(CompactionRecord Written, UnnamedLedger? Unnamed)> WriteAsync(KeyIndex keys, Position horizon, CancellationToken stop)
    {
        ILedgerWriter? writer = null;
        var (unnamed, touchedAt) = (default(UnnamedLedger), 0L);
        try
        {
            Position? first = null;
            var last = horizon;
            var pending = new Queue<CompactionAppend>();
            await foreach (var entry in EntriesAsync(horizon, stop))
            {
                // Also while much is read of which nothing is kept: else another node takes it for abandoned.
                if (writer is not null && services.Time.GetElapsedTime(touchedAt) > TouchInterval)
                {
                    (unnamed, touchedAt) = (await services.Unnamed.TouchAsync(unnamed, stop), services.Time.GetTimestamp());
                }

                if (keys.Keep(entry) is not { } kept)
                {
                    continue;
                }

                if (writer is null)
                {
                    (unnamed, touchedAt) = (await services.Unnamed.BeginAsync(stop), services.Time.GetTimestamp());
                    writer = await services.Ledgers.CreateAsync(unnamed.Id, new WriterEpoch(log.Record.Epoch), stop);
                }

                var append = new CompactionAppend { Data = CompactedEntry.Write(kept) };
                writer.Append(append);
                pending.Enqueue(append);
                first ??= kept.Position;
                last = kept.Position;
                while (pending.Count > 0 && (writer.PendingBytes > MaxPending || pending.Peek().End.IsCompleted))
                {
                    await pending.Dequeue().End;
                }
            }

            if (writer is null)
            {
                return (new CompactionRecord { Ledger = -1, Horizon = horizon, First = horizon, Last = horizon, Entries = 0, Bytes = 0, At = services.Now }, null);
            }

            foreach (var append in pending)
            {
                await append.End;
            }

            var end = await writer.CloseAsync(stop);
            await writer.DisposeAsync();
            return (new CompactionRecord { Ledger = writer.Id.Value, Horizon = horizon, First = first!.Value, Last = last, Entries = end.Entries, Bytes = end.Bytes, At = services.Now }, unnamed);
        }
        catch
        {
            if (writer is not null)
            {
                await writer.DisposeAsync();
                await services.Unnamed.DeleteAsync(writer.Id, CancellationToken.None);
            }

            throw;
        }
    }

    private async IAsyncEnumerable<LogEntry> EntriesAsync(Position horizon, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var entries = new List<LogEntry>(ReadEntries);
        var next = View.First;
        while (next <= horizon)
        {
            entries.Clear();
            if (await View.ReadAsync(next, ReadEntries, ReadBytes, entries, stop) == 0)
            {
                yield break;
            }

            foreach (var entry in entries)
            {
                if (entry.Position > horizon)
                {
                    yield break;
                }

                yield return entry;
            }

            next = View.After(entries[^1].Position);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Topic} is compacted up to {Horizon}: {Entries} entries with {Bytes} bytes are left.")]
    private static partial void LogDone(ILogger logger, Names.TopicName topic, Position horizon, long entries, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} could not be compacted; what was compacted before stays.")]
    private static partial void LogFailed(ILogger logger, Exception failure, Names.TopicName topic);
}
