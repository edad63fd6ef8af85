using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Storage;
using Virga.State.Time;

namespace Virga.State.Logs;

/// <summary>
/// The thread that brings the log to disk. It keeps every batch in memory until the disk has confirmed it: when a write or a synchronisation fails, the system may have
/// dropped any page of the file that was not confirmed, and asking again would report success ("fsyncgate", 2018). So it never asks again; it writes all of those batches to a
/// new segment, which begins where the confirmed part of the old one ends.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    // With interval durability: how long writes gather before the system gets them, so that a put wakes nobody.
    private static readonly TimeSpan HandOver = TimeSpan.FromMilliseconds(1);

    // A quiet log gets a mark, so that damage to its last batch can be told from a torn end.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan RepairEvery = TimeSpan.FromMilliseconds(250);

    private readonly WriteAheadLogOptions _options;
    private readonly HybridClock _clock;
    private readonly ILogger _logger;
    private readonly LogSegments _segments;
    private readonly LogBuffer _buffer;
    private readonly DurabilityWaiters _waiters;
    private readonly BackgroundSynchroniser _synchroniser;
    private readonly Thread _thread;

    // Written, or failed to be, and not confirmed; in the order of their positions.
    private readonly List<LogBatch> _unconfirmed = [];
    private long _unconfirmedSince;
    private long _truncateBefore;

    // How many of them the synchronisation that goes on will confirm, and when it began; 0 when none does.
    private int _confirming;
    private long _confirmingSince;

    // All before this is on disk.
    private long _confirmed;

    // The mark among them, if there is one; it is then the first.
    private LogBatch? _mark;
    private bool _marked = true;

    public LogWriter(WriteAheadLogOptions options, HybridClock clock, ILogger logger, LogSegments segments, LogBuffer buffer, DurabilityWaiters waiters)
    {
        _options = options;
        _clock = clock;
        _logger = logger;
        _segments = segments;
        _buffer = buffer;
        _waiters = waiters;
        _confirmed = waiters.Durable;
        _synchroniser = new BackgroundSynchroniser("state log sync", segments.Synchronise, buffer.Wake);
        _thread = new Thread(Run) { IsBackground = true, Name = "state log" };
        _thread.Start();
    }

    public void Truncate(long before)
    {
        Volatile.Write(ref _truncateBefore, before);
        _buffer.Wake();
    }

    public void Dispose()
    {
        _buffer.Stop();
        _thread.Join();
        _synchroniser.Dispose();
        _segments.Dispose();
    }

    private void Run()
    {
        var retried = false;
        while (true)
        {
            // Asked before the batches are taken: what was appended before the stop is then among them.
            var stopping = _buffer.IsStopping;
            try
            {
                if (_waiters.Failure is not null)
                {
                    Repair();
                }

                if (_synchroniser.IsIdle)
                {
                    EndConfirming();
                }

                WriteAll();
                if (NeedsConfirmation && stopping)
                {
                    Confirm();
                }
                else if (NeedsConfirmation && _confirming == 0 && IsDue())
                {
                    BeginConfirming();
                }

                _segments.Drop(Volatile.Read(ref _truncateBefore));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Fail(exception);
            }

            if (stopping && (_waiters.Failure is null || retried))
            {
                _logger.ReportLost(_options.Directory, NeedsConfirmation ? _unconfirmed.Count : 0);
                return;
            }

            retried = stopping;
            if (!stopping)
            {
                Rest();
            }
        }
    }

    private void WriteAll()
    {
        while (_buffer.Take() is { } batch)
        {
            if (!NeedsConfirmation)
            {
                _unconfirmedSince = Stopwatch.GetTimestamp();
            }

            // Whatever fails from here on, the batch is among those that a repair writes.
            _unconfirmed.Add(batch);
            if (batch.BeginsSegment)
            {
                BeginSegment(batch);
            }
            else
            {
                batch.Seal(_confirmed, _clock.Now());
                _segments.Write(batch);
            }

            // With sync durability a batch may only be followed when it is on disk: recovery relies on it.
            if (_options.Durability == Durability.Sync)
            {
                Confirm();
            }
        }
    }

    private void BeginSegment(LogBatch batch)
    {
        // The old segment is complete before the next is there.
        EndConfirming();
        if (_unconfirmed.Count > 1)
        {
            _segments.Synchronise();
            Confirmed(_unconfirmed.Count - 1);
        }

        if (batch.Length > 0)
        {
            batch.Seal(_confirmed, _clock.Now());
        }

        _segments.Begin(batch.Position, _clock.Now(), batch.Length > 0 ? [batch] : []);
        Confirmed(1);
    }

    // A mark alone may stay unconfirmed: it holds nothing.
    private bool NeedsConfirmation => _unconfirmed.Count > (_mark is null ? 0 : 1);

    private bool IsDue() => _waiters.Any || Stopwatch.GetElapsedTime(_unconfirmedSince) >= _options.Interval;

    // With interval durability: the disk may be slow, and what is appended meanwhile is to be written all the same.
    private void BeginConfirming()
    {
        _confirming = _unconfirmed.Count;
        _confirmingSince = Stopwatch.GetTimestamp();
        _synchroniser.Begin();
    }

    private void EndConfirming()
    {
        if (_confirming == 0)
        {
            return;
        }

        var count = _confirming;
        _confirming = 0;
        if (_synchroniser.End() is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        // What was written since then has waited for no longer than that.
        _unconfirmedSince = _confirmingSince;
        Confirmed(count);
    }

    private void Confirm()
    {
        EndConfirming();
        if (_unconfirmed.Count > 0)
        {
            _segments.Synchronise();
            Confirmed(_unconfirmed.Count);
        }
    }

    // So many of the batches are on disk.
    private void Confirmed(int count)
    {
        _confirmed = _unconfirmed[count - 1].End;
        for (var i = 0; i < count; i++)
        {
            _buffer.Return(_unconfirmed[i]);
        }

        _unconfirmed.RemoveRange(0, count);
        _mark = null;
        _marked = false;
        _waiters.Advance(_confirmed);
    }

    private void Rest()
    {
        if (_waiters.Failure is not null)
        {
            _buffer.Park(RepairEvery);
            return;
        }

        if (_confirming > 0)
        {
            // Its end wakes this thread.
            _buffer.Park(Timeout.InfiniteTimeSpan);
        }
        else if (NeedsConfirmation)
        {
            var left = _options.Interval - Stopwatch.GetElapsedTime(_unconfirmedSince);
            _buffer.Park(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
        else if (_marked)
        {
            _buffer.Park(Timeout.InfiniteTimeSpan);
        }
        else
        {
            _buffer.Park(Quiet);
            Mark();
        }

        // Those who wait for the disk wait for what goes on first.
        if (_options.Durability == Durability.Interval && (_confirming > 0 || !_waiters.Any))
        {
            _buffer.Gather(HandOver);
        }
    }

    // Not synchronised: a mark that is lost takes nothing with it. It counts as on disk for those who wait, and as not confirmed for what is written behind it.
    private void Mark()
    {
        _marked = true;
        if (_buffer.TakeMark() is not { } mark)
        {
            return;
        }

        _unconfirmed.Add(mark);
        try
        {
            mark.Seal(_confirmed, _clock.Now());
            _segments.Write(mark);
            _mark = mark;
            _waiters.Advance(mark.End);
        }
        catch (IOException exception)
        {
            Fail(exception);
        }
    }

    private void Fail(Exception exception)
    {
        if (_waiters.Failure is not null)
        {
            return;
        }

        _logger.WriteFailed(_options.Directory, exception);
        var problem = exception is IOException io && DiskFaults.IsFull(io)
            ? KnownProblems.StorageFull($"The disk of '{_options.Directory}' is full.") with { RetryAfter = TimeSpan.FromSeconds(1), Fix = "Free disk space on the node. Until then shared state can be read, not written; whether a write that was under way is kept, a read will say." }
            : KnownProblems.StateUnavailable($"The log of shared state in '{_options.Directory}' cannot be written: {exception.Message}") with { RetryAfter = TimeSpan.FromSeconds(1) };
        _buffer.Refuse(problem);
        _waiters.Fail(problem);
    }

    // What was appended before the failure was seen is in the buffer still.
    private void Repair()
    {
        // Whatever came of it: all that was not confirmed is written again, and to another file.
        _confirming = 0;
        _synchroniser.End();
        while (_buffer.Take() is { } batch)
        {
            _unconfirmed.Add(batch);
        }

        var written = new List<LogBatch>(_unconfirmed.Count);
        foreach (var batch in _unconfirmed)
        {
            if (batch.Length > 0)
            {
                batch.Seal(_confirmed, _clock.Now());
                written.Add(batch);
            }
        }

        _segments.Begin(_confirmed, _clock.Now(), written);
        if (_unconfirmed.Count > 0)
        {
            Confirmed(_unconfirmed.Count);
        }

        _waiters.Recover();
        _buffer.Refuse(null);
        _logger.Repaired(_options.Directory);
    }
}
