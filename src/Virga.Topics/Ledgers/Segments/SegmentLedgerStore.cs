using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// Ledgers in files of a folder: one log that all share, in segments, so that who publishes at the same time shares one synchronisation. <c>docs/topics.md</c> has the format, how it
/// recovers, and what happens when the disk fails.
/// </summary>
public sealed class SegmentLedgerStore : ILedgerStore
{
    private readonly SegmentLedgerOptions _options;
    private readonly ILogger _logger;
    private readonly LedgerDisk _disk;
    private readonly LedgerTable _table = new();
    private readonly SegmentReader _reader;
    private readonly SpareSegment _spare;
    private readonly SegmentKeeper _keeper;
    private LedgerLog? _log;

    /// <summary>A store; nothing is touched until it is opened.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="logger">Where it reports what befalls the disk.</param>
    public SegmentLedgerStore(SegmentLedgerOptions options, ILogger<SegmentLedgerStore> logger)
        : this(options, logger, new LedgerDisk())
    {
    }

    internal SegmentLedgerStore(SegmentLedgerOptions options, ILogger logger, LedgerDisk disk)
    {
        _options = options;
        _logger = logger;
        _disk = disk;
        _reader = new SegmentReader(options, _table, logger);
        _spare = new SpareSegment(options, disk);
        _keeper = new SegmentKeeper(options, disk, logger, _table, _reader);
    }

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <summary>The keeper, whose work tests wait for.</summary>
    internal SegmentKeeper Keeper => _keeper;

    /// <inheritdoc/>
    public ValueTask OpenAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            Directory.CreateDirectory(_options.Directory);
            var recovery = new SegmentRecovery(_options, _disk, _logger, _table);
            recovery.Run();
            var files = new SegmentFiles(_options, _disk, _spare);
            foreach (var segment in recovery.Segments)
            {
                files.Count(segment.End);
            }

            _spare.Open();
            _log = new LedgerLog(_options, _disk, _logger, files, _spare, new LedgerLogEvents(_table, _keeper), recovery.Last, recovery.End);
            _keeper.Start(recovery.Segments, recovery.Last, _log);
            return ValueTask.CompletedTask;
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            throw new ProblemException(KnownProblems.StorageFull($"There is no room for ledgers in '{_options.Directory}'."), exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ProblemException(KnownProblems.LedgersUnavailable($"The ledgers in '{_options.Directory}' cannot be opened: {exception.Message}"), exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ILedgerWriter> CreateAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var ledger = new SegmentLedger(id.Value, epoch.Value);
        if (!_table.TryAdd(ledger))
        {
            throw new LedgerStoreException($"There is a ledger {id} already.");
        }

        try
        {
            await _log!.CarryOutAsync(new LedgerChange(LedgerChangeKind.Create, ledger, epoch.Value), CancellationToken.None);
        }
        catch
        {
            _table.Remove(id.Value);
            throw;
        }

        var writer = new SegmentLedgerWriter(ledger, _log);
        lock (ledger.Guard)
        {
            ledger.Writer = writer;
        }

        return writer;
    }

    /// <inheritdoc/>
    public async ValueTask<LedgerEnd> RecoverAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var ledger = Get(id);
        SegmentLedgerWriter? writer;
        lock (ledger.Guard)
        {
            if (epoch.Value < ledger.Epoch)
            {
                throw new LedgerFencedException($"Ledger {id} was taken over by epoch {ledger.Epoch}; this is {epoch}.");
            }

            ledger.Epoch = epoch.Value;
            writer = ledger.Writer;
        }

        writer?.Refuse(new LedgerFencedException($"Ledger {id} was taken over by epoch {epoch}."));
        if (ledger.IsDamaged)
        {
            throw new LedgerCorruptedException($"Entries of ledger {id} are missing in '{_options.Directory}'. Restore the folder from a backup, or delete the ledger.");
        }

        return await _log!.CarryOutAsync(new LedgerChange(LedgerChangeKind.Close, ledger, epoch.Value), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return new(_reader.Read(id, first, maxEntries, maxBytes, into));
        }
        catch (LedgerCorruptedException) when (_log?.Failure is { } failure)
        {
            // What the disk has just lost is written again when it can be.
            throw failure.ToException();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!_table.TryGet(id.Value, out var ledger) || ledger.Status == LedgerStatus.Begun)
        {
            return;
        }

        ledger.Status = LedgerStatus.Deleted;
        ledger.Writer?.Refuse(new LedgerNotFoundException($"Ledger {id} was deleted."));
        var change = new LedgerChange(LedgerChangeKind.Delete, ledger, ledger.Epoch);
        _log!.Submit(change);
        await change.Done.WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LedgerId> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        foreach (var ledger in _table.ToArray())
        {
            cancellation.ThrowIfCancellationRequested();
            if (ledger.Status is LedgerStatus.Open or LedgerStatus.Closed)
            {
                yield return new LedgerId(ledger.Id);
            }
        }
    }

    /// <summary>Brings what was appended to disk and closes the files.</summary>
    public ValueTask DisposeAsync()
    {
        _keeper.Stop();
        _log?.Dispose();
        _log = null;
        _spare.Dispose();
        _keeper.Dispose();
        return ValueTask.CompletedTask;
    }

    private SegmentLedger Get(LedgerId id) =>
        _table.TryGet(id.Value, out var ledger) && ledger.Status is LedgerStatus.Open or LedgerStatus.Closed
            ? ledger
            : throw new LedgerNotFoundException($"There is no ledger {id}.");
}
