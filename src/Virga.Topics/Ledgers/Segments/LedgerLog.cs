using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// The thread that writes the log all ledgers share. While a batch is on its way to disk the next one gathers, so that all who wait share one synchronisation, and nothing is written twice.
/// When a write or a synchronisation fails, the system may have dropped any page that was not confirmed, and asking again would report success ("fsyncgate", 2018). So it never asks again:
/// who waits is told of the failure, the segment ends where the disk has confirmed it, and a new one begins, with those batches that were acknowledged but not yet on disk.
/// </summary>
internal sealed class LedgerLog : IDisposable
{
    // A quiet log gets a mark, so that damage to its last batch can be told from a torn end.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan RepairEvery = TimeSpan.FromMilliseconds(250);

    // With interval durability: what may wait for the disk before writing waits, too.
    private const long MaxUnsynchronised = 64 << 20;

    private readonly SegmentLedgerOptions _options;
    private readonly LedgerDisk _disk;
    private readonly ILogger _logger;
    private readonly SegmentFiles _files;
    private readonly SpareSegment _spare;
    private readonly LedgerLogEvents _events;
    private readonly LogWork _work = new();
    private readonly BatchGathering _gathering;
    private readonly BackgroundSynchroniser? _synchroniser;
    private readonly Thread _thread;
    private readonly IdleBatches _idle = new();

    // Written and confirmed, not on disk: in the order of their places. With interval durability alone.
    private readonly List<LedgerBatch> _unsynchronised = [];
    private long _unsynchronisedBytes;
    private long _unsynchronisedSince;

    // How many of them the synchronisation that goes on will bring to disk, and when it began; 0 when none does.
    private int _synchronising;
    private long _synchronisingSince;

    private Segment? _segment;
    private int _previous;
    private int _offset;

    // All of the segment before this is on disk; of the previous one while there is none yet.
    private int _durable;
    private bool _marked = true;
    private volatile LedgerLogFailure? _failure;

    /// <param name="previous">The last segment that is there, sealed; 0 for none.</param>
    /// <param name="previousEnd">Where it ends.</param>
    public LedgerLog(SegmentLedgerOptions options, LedgerDisk disk, ILogger logger, SegmentFiles files, SpareSegment spare, LedgerLogEvents events, int previous, int previousEnd)
    {
        _options = options;
        _disk = disk;
        _logger = logger;
        _files = files;
        _spare = spare;
        _events = events;
        _previous = previous;
        _durable = previousEnd;
        _gathering = new BatchGathering(_work);
        _synchroniser = options.Durability == LedgerDurability.Interval ? new BackgroundSynchroniser("ledger sync", SynchroniseSegment, _work.Wake) : null;
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger log" };
        _thread.Start();
    }

    /// <summary>Why nothing can be written now; null when it can.</summary>
    public LedgerLogFailure? Failure => _failure;

    /// <summary>Whether nothing more is queued: what is, is written still.</summary>
    public bool IsStopping => _work.IsStopping;

    /// <summary>What who comes too late is told.</summary>
    public LedgerStoreException Closed => new($"The store of ledgers in '{_options.Directory}' is closed.");

    /// <summary>The number of the last segment that was begun; that and later ones are written to.</summary>
    public int Current => Volatile.Read(ref _previous);

    /// <summary>A writer has something queued.</summary>
    public void Announce(SegmentLedgerWriter writer) => _work.Announce(writer);

    /// <summary>Something is to be done in the log's order.</summary>
    public void Submit(LedgerChange change)
    {
        if (!_work.TrySubmit(change))
        {
            change.Fail(Closed);
        }
    }

    /// <summary>The same, and waits until the disk has it, with either durability: topics note elsewhere which ledgers there are and where they end, and must not know more than these do.</summary>
    public async Task<LedgerEnd> CarryOutAsync(LedgerChange change, CancellationToken cancellation)
    {
        Submit(change);
        var end = await change.Done.WaitAsync(cancellation);
        if (_options.Durability == LedgerDurability.Interval)
        {
            var barrier = new LedgerChange(LedgerChangeKind.Barrier, null, 0);
            Submit(barrier);
            await barrier.Done.WaitAsync(cancellation);
        }

        return end;
    }

    /// <summary>Somebody's callback has thrown.</summary>
    public void Report(Exception exception) => _logger.CallbackFailed(exception);

    /// <summary>Writes what waits, brings all to disk, and ends.</summary>
    public void Dispose()
    {
        _work.Stop();
        _thread.Join();
        _synchroniser?.Dispose();
        _work.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            // Asked before the work is taken: what was queued before the stop is then among it.
            var stopping = _work.IsStopping;
            var batch = _idle.Take();
            var wrote = false;
            try
            {
                if (_failure is not null)
                {
                    Repair();
                }

                EndSynchronising(wait: false);
                wrote = TryWriteNext(ref batch);

                // Also while there is more to write than ever comes to an end.
                Synchronise(_gathering.HasBarriers || (stopping && !wrote));
                _gathering.CompleteBarriers();
                if (stopping && !wrote)
                {
                    End();
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Fail(batch, exception);
                wrote = false;
            }

            _idle.Return(batch);
            if (wrote)
            {
                continue;
            }

            if (stopping)
            {
                _gathering.FailAll(Closed);
                return;
            }

            Rest();
        }
    }

    private bool TryWriteNext(ref LedgerBatch batch)
    {
        if (!_gathering.Gather(batch))
        {
            return false;
        }

        Write(batch);
        _events.Publish(batch, _segment!);
        if (_options.Durability == LedgerDurability.Interval)
        {
            // Before anything can fail: this one is kept until the disk has it.
            var written = batch;
            batch = _idle.Take();
            Keep(written);
        }

        return true;
    }

    private void Write(LedgerBatch batch)
    {
        if (_segment is null || _offset + batch.Length > _segment.Capacity || (_spare.IsReady && !_segment.IsZeroed))
        {
            Roll();
        }

        batch.Seal(_segment!.Number, _offset, _durable);
        _disk.Write(_segment.File, _segment.Path, batch.Bytes, _offset);
        if (_options.Durability == LedgerDurability.Always)
        {
            _disk.Synchronise(_segment.File, _segment.Path);
            _durable = _offset + batch.Length;
        }

        _offset += batch.Length;
        _marked = false;
        _spare.Note(batch.Length);
        _spare.Want(_files.NextCapacity);
    }

    private void Keep(LedgerBatch batch)
    {
        batch.ForgetAppends();
        if (_unsynchronised.Count == 0)
        {
            _unsynchronisedSince = Stopwatch.GetTimestamp();
        }

        _unsynchronised.Add(batch);
        _unsynchronisedBytes += batch.Length;
        if (_unsynchronisedBytes > MaxUnsynchronised)
        {
            EndSynchronising(wait: true);
            BeginSynchronising();
        }
        else
        {
            EndSynchronising(wait: false);
            if (_synchronising == 0 && IsDue)
            {
                BeginSynchronising();
            }
        }
    }

    private bool IsDue => _unsynchronised.Count > 0 && Stopwatch.GetElapsedTime(_unsynchronisedSince) >= _options.Interval;

    private void BeginSynchronising()
    {
        if (_unsynchronised.Count > 0)
        {
            _synchronising = _unsynchronised.Count;
            _synchronisingSince = Stopwatch.GetTimestamp();
            _synchroniser!.Begin();
        }
    }

    // On the synchroniser's thread: the segment is another one only when nothing goes on there.
    private void SynchroniseSegment() => _disk.Synchronise(_segment!.File, _segment.Path);

    private void EndSynchronising(bool wait)
    {
        if (_synchronising == 0 || !(wait || _synchroniser!.IsIdle))
        {
            return;
        }

        var count = _synchronising;
        _synchronising = 0;
        if (_synchroniser!.End() is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        // What was written since then has waited for no longer than that.
        _unsynchronisedSince = _synchronisingSince;
        Synchronised(count);
    }

    private void Synchronise(bool now)
    {
        if (now)
        {
            EndSynchronising(wait: true);
            if (_segment is not null && _durable < _offset)
            {
                _disk.Synchronise(_segment.File, _segment.Path);
                Synchronised(_unsynchronised.Count);
                _durable = _offset;
            }
        }
        else if (_synchronising == 0 && IsDue)
        {
            BeginSynchronising();
        }
    }

    private void Synchronised(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var batch = _unsynchronised[i];
            _durable = batch.Offset + batch.Length;
            _unsynchronisedBytes -= batch.Length;
            _idle.Return(batch);
        }

        _unsynchronised.RemoveRange(0, count);
    }

    // The old segment is complete, and on disk, before the next is there.
    private void Roll()
    {
        Synchronise(now: true);
        var next = _files.Begin(Current + 1, Current, _durable, []);
        Change(next, SegmentFormat.FileHeaderBytes);
    }

    private void Change(Segment next, int offset)
    {
        var old = _segment;
        if (old is not null)
        {
            old.End = _durable;
        }

        _segment = next;
        _offset = _durable = offset;
        Volatile.Write(ref _previous, next.Number);
        _events.Begun(next);
        if (old is not null)
        {
            _events.Sealed(old);
        }
    }

    private void Fail(LedgerBatch batch, Exception exception)
    {
        if (_failure is null)
        {
            _logger.WriteFailed(_options.Directory, exception);
        }

        _failure = new LedgerLogFailure(_options.Directory, exception);
        var failure = _failure.ToException();
        _events.Fail(batch, failure);
        _gathering.FailAll(failure);
    }

    // What was confirmed and not on disk is written again, to another file, and read there from then on.
    private void Repair()
    {
        if (_synchronising > 0)
        {
            _synchronising = 0;
            _synchroniser!.End();
        }

        if (_segment is not null)
        {
            var next = _files.Begin(Current + 1, Current, _durable, _unsynchronised);
            var end = SegmentFormat.FileHeaderBytes;
            _events.Moved(_unsynchronised, next);
            foreach (var batch in _unsynchronised)
            {
                end = batch.Offset + batch.Length;
            }

            Change(next, end);
            Synchronised(_unsynchronised.Count);
        }

        _failure = null;
        _logger.Repaired(_options.Directory);
    }

    private void Rest()
    {
        if (_failure is not null)
        {
            _work.Park(RepairEvery, evenWithWork: true);
        }
        else if (_synchronising > 0)
        {
            // Its end wakes this thread.
            _work.Park(Timeout.InfiniteTimeSpan, evenWithWork: false);
        }
        else if (_unsynchronised.Count > 0)
        {
            var left = _options.Interval - Stopwatch.GetElapsedTime(_unsynchronisedSince);
            _work.Park(left > TimeSpan.Zero ? left : TimeSpan.Zero, evenWithWork: false);
        }
        else if (_marked)
        {
            _work.Park(Timeout.InfiniteTimeSpan, evenWithWork: false);
        }
        else if (!_work.Park(Quiet, evenWithWork: false))
        {
            Mark();
        }
    }

    // Not synchronised: a mark that is lost takes nothing with it.
    private void Mark()
    {
        _marked = true;
        _idle.Trim();
        var mark = new LedgerBatch();
        try
        {
            if (_offset + mark.Length <= _segment!.Capacity)
            {
                mark.Seal(_segment.Number, _offset, _durable);
                _disk.Write(_segment.File, _segment.Path, mark.Bytes, _offset);
                _offset += mark.Length;
            }
        }
        catch (IOException exception)
        {
            Fail(mark, exception);
        }
    }

    // The last batch is vouched for, and room that was taken ahead is given back.
    private void End()
    {
        if (_segment is not null)
        {
            Mark();
            _disk.Synchronise(_segment.File, _segment.Path);
            RandomAccess.SetLength(_segment.File, _offset);
        }
    }
}
