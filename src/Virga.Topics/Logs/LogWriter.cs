using Virga.Core.Problems;
using Virga.Topics.Ledgers;

namespace Virga.Topics.Logs;

/// <summary>
/// The end of a log that grows: hands entries to the writer of the open ledger, and begins the next ledger when that one is full. The next one is made while the old one is still written to;
/// appends wait only while the old one is closed and both are written into the topic's record.
/// </summary>
internal sealed class LogWriter(TopicLog log, LogServices services, OwnedRecord record) : IAsyncDisposable
{
    // Orders the appends and guards the fields; held while an entry is queued by the ledger's writer, never across a wait.
    private readonly Lock _lock = new();

    // Whoever begins or ends a ledger has it.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private ILedgerWriter? _writer;
    private OpenLedger? _open;
    private LogAppend? _firstWaiting;
    private LogAppend? _lastWaiting;
    private bool _isSwitching;
    private bool _isRolling;
    private Exception? _failure;
    private Task _roll = Task.CompletedTask;

    /// <summary>Why nothing more is taken; null while it is.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    public void Append(LogAppend append)
    {
        Exception? refusal;
        lock (_lock)
        {
            refusal = _failure;
            if (refusal is null)
            {
                if (_isSwitching || _writer is null)
                {
                    Queue(append);
                }
                else
                {
                    refusal = Hand(append);
                }

                if (!_isRolling && (_writer is null ? !_isSwitching : _open!.IsFull))
                {
                    BeginRoll();
                }
            }
        }

        if (refusal is not null)
        {
            log.Lose(refusal);
            append.Refused(refusal);
        }
    }

    /// <summary>Takes nothing more from now on.</summary>
    /// <returns>Whether it took something until now.</returns>
    public bool Fail(Exception failure)
    {
        lock (_lock)
        {
            if (_failure is not null)
            {
                return false;
            }

            _failure = failure;
            return true;
        }
    }

    /// <summary>Takes nothing more, waits for what was taken, and closes the ledger.</summary>
    /// <exception cref="LedgerStoreException">Not all that was appended is confirmed.</exception>
    /// <exception cref="Metadata.MetadataConflictException">The topic has another owner.</exception>
    public async ValueTask StopAsync(LogClosedException reason, CancellationToken cancellation)
    {
        Fail(reason);
        await SealAsync(cancellation);
    }

    /// <summary>Closes the open ledger where it has entries.</summary>
    public async ValueTask SealAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            ILedgerWriter? old;
            lock (_lock)
            {
                old = Failure is null or LogClosedException ? _writer : null;
                _isSwitching = old is not null;
            }

            if (old is not null)
            {
                // Nothing that is begun here is broken off: half of it would leave the topic without a writer.
                await SwitchAsync(old, null);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Shows readers the ledgers as they are stored and written to now.</summary>
    public void ShowChain()
    {
        lock (_lock)
        {
            Show();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Fail(new LogClosedException($"'{log.Name}' is closed here."));
        Task roll;
        lock (_lock)
        {
            roll = _roll;
        }

        await roll;
        if (_writer is { } writer)
        {
            await writer.DisposeAsync();
        }

        _turn.Dispose();
    }

    private async Task RollAsync()
    {
        await _turn.WaitAsync();
        try
        {
            if (!IsRollDue())
            {
                HandWaiting();
                return;
            }

            ILedgerWriter next;
            UnnamedLedger unnamed;
            try
            {
                unnamed = await services.Unnamed.BeginAsync(CancellationToken.None);
                next = await services.Ledgers.CreateAsync(unnamed.Id, new WriterEpoch(record.Value.Epoch), CancellationToken.None);
            }
            catch (Exception e)
            {
                // Nothing is in doubt: what waits was not appended, and the next append tries again.
                if (log.IsStrict && HasWaiting())
                {
                    log.Lose(e);
                }

                RefuseWaiting(e);
                return;
            }

            ILedgerWriter? old;
            bool isStopped;
            lock (_lock)
            {
                (old, isStopped) = (_writer, _failure is not null);
                _isSwitching |= !isStopped;
            }

            if (isStopped)
            {
                await DiscardAsync(next);
                RefuseWaiting(Failure!);
                return;
            }

            await SwitchAsync(old, next, unnamed);
        }
        catch (Exception e)
        {
            log.Lose(e);
            RefuseWaiting(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    // A ledger may have been begun or closed while the turn was waited for.
    private bool IsRollDue()
    {
        lock (_lock)
        {
            return _failure is null && (_writer is null ? _firstWaiting is not null : _open!.IsFull);
        }
    }

    private bool HasWaiting()
    {
        lock (_lock)
        {
            return _writer is null && _firstWaiting is not null;
        }
    }

    // Under the lock.
    private void BeginRoll()
    {
        _isRolling = true;
        var roll = Task.Run(RollAsync);
        _roll = _roll.IsCompleted ? roll : Task.WhenAll(_roll, roll);
    }

    // Closes the old ledger and goes on with the next one, or with none; appends wait meanwhile.
    private async ValueTask SwitchAsync(ILedgerWriter? old, ILedgerWriter? next, UnnamedLedger unnamed = default)
    {
        bool isEmpty;
        try
        {
            var end = old is null ? default : await old.CloseAsync(CancellationToken.None);
            var now = services.Now;
            await record.ChangeAsync(
                stored => stored with { Ledgers = Switched(stored.Ledgers, old?.Id.Value, end, next?.Id.Value, now) },
                () => [.. next is null ? [] : services.Unnamed.Naming(unnamed), .. old is null || end.Entries > 0 ? [] : services.Unnamed.Dropping([old.Id])],
                CancellationToken.None);
            lock (_lock)
            {
                (_writer, _open) = (next, next is null ? null : new OpenLedger(log, next.Id.Value, now, services.Options));
                Show();
            }

            // From here on the record names the next one: whatever fails now concerns the old one alone.
            isEmpty = end.Entries == 0;
        }
        catch (Exception e)
        {
            // The entries of the old ledger that were not confirmed are in doubt, or the record is somebody else's.
            log.Lose(e);
            RefuseWaiting(e);
            if (next is not null)
            {
                await DiscardAsync(next);
            }

            throw;
        }

        HandWaiting();
        if (old is not null && isEmpty)
        {
            await DiscardAsync(old);
        }
        else if (old is not null)
        {
            await old.DisposeAsync();
        }
    }

    private void HandWaiting()
    {
        LogAppend? append;
        LogAppend? refused = null;
        Exception? refusal = null;
        lock (_lock)
        {
            _isSwitching = false;
            _isRolling = false;
            append = _firstWaiting;
            if (append is not null && _writer is null && _failure is null)
            {
                BeginRoll();
                return;
            }

            (_firstWaiting, _lastWaiting) = (null, null);
            while (append is not null)
            {
                var next = append.NextWaiting;
                append.NextWaiting = null;
                refusal = _writer is null ? _failure : Hand(append);
                if (refusal is not null)
                {
                    append.NextWaiting = next;
                    refused = append;
                    break;
                }

                append = next;
            }
        }

        if (refused is not null)
        {
            log.Lose(refusal!);
            Refuse(refused, refusal!);
        }
    }

    private void RefuseWaiting(Exception refusal)
    {
        LogAppend? first;
        lock (_lock)
        {
            _isSwitching = false;
            _isRolling = false;
            _open?.Extend();
            first = _writer is null || _failure is not null ? _firstWaiting : null;
            if (first is not null)
            {
                (_firstWaiting, _lastWaiting) = (null, null);
            }
        }

        Refuse(first, refusal);
    }

    private static void Refuse(LogAppend? first, Exception refusal)
    {
        while (first is not null)
        {
            var next = first.NextWaiting;
            first.NextWaiting = null;
            first.Refused(refusal);
            first = next;
        }
    }

    // Under the lock. A writer that throws has queued nothing and will take nothing more.
    private LedgerStoreException? Hand(LogAppend append)
    {
        append.Ledger = _open;
        try
        {
            _writer!.Append(append);
            _open!.Appended(append.Data.Length);
            return null;
        }
        catch (LedgerStoreException e)
        {
            return e;
        }
    }

    // Under the lock.
    private void Queue(LogAppend append)
    {
        if (_lastWaiting is { } last)
        {
            last.NextWaiting = append;
        }
        else
        {
            _firstWaiting = append;
        }

        _lastWaiting = append;
    }

    // Under the lock. While a ledger is being closed the record may say so before it is done.
    private void Show()
    {
        var stored = record.Value;
        log.Replace(new LedgerChain([.. stored.Ledgers.Where(ledger => !ledger.IsOpen && ledger.Id != _open?.Id)], _open, stored.Floor));
    }

    private async ValueTask DiscardAsync(ILedgerWriter writer)
    {
        await writer.DisposeAsync();
        try
        {
            await services.Unnamed.DeleteAsync(writer.Id, CancellationToken.None);
        }
        catch (Exception e) when (e is LedgerStoreException or ProblemException)
        {
            // Nobody's record names it: it is found as such.
        }
    }

    private static List<LedgerRecord> Switched(IReadOnlyList<LedgerRecord> ledgers, long? old, LedgerEnd end, long? next, long now)
    {
        var switched = new List<LedgerRecord>(ledgers.Count + 1);
        foreach (var ledger in ledgers)
        {
            if (ledger.Id != old)
            {
                switched.Add(ledger);
            }
            else if (end.Entries > 0)
            {
                switched.Add(ledger.Closed(end, now));
            }
        }

        if (next is { } id)
        {
            switched.Add(new LedgerRecord { Id = id, OpenedAt = now });
        }

        return switched;
    }
}
