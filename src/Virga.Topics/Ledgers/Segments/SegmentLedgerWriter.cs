namespace Virga.Topics.Ledgers.Segments;

/// <summary>The writer of a ledger: a queue of appends, which the log's thread takes.</summary>
internal sealed class SegmentLedgerWriter(SegmentLedger ledger, LedgerLog log) : ILedgerWriter
{
    // Short: between who appends and the log's thread, which takes the whole queue at once.
    private readonly Lock _queueing = new();
    private LedgerAppend? _head;
    private LedgerAppend? _tail;
    private long _next;
    private long _pendingBytes;
    private long _lastConfirmed = -1;
    private bool _announced;
    private LedgerStoreException? _refusal;

    // Of the log's thread: what it has taken and not written yet.
    private LedgerAppend? _taken;

    public LedgerId Id => new(ledger.Id);

    public SegmentLedger Ledger => ledger;

    public long LastConfirmed => Volatile.Read(ref _lastConfirmed);

    public long PendingBytes => Volatile.Read(ref _pendingBytes);

    /// <summary>Of <see cref="ReadyWriters"/>.</summary>
    public SegmentLedgerWriter? NextReady { get; set; }

    /// <summary>Of the log's thread: the last batch that has entries of it, counted.</summary>
    public long LastBatch { get; private set; }

    /// <summary>Whether something waits to be written. Called by the log's thread.</summary>
    public bool HasQueued
    {
        get
        {
            lock (_queueing)
            {
                return _taken is not null || _head is not null;
            }
        }
    }

    public void Append(LedgerAppend append)
    {
        var length = append.Data.Length;
        if (length > SegmentFormat.MaxEntryBytes)
        {
            throw new LedgerStoreException($"An entry of {length:N0} bytes is too large for ledger {ledger.Id}: {SegmentFormat.MaxEntryBytes:N0} may be. Send it in pieces.");
        }

        bool announce;
        lock (_queueing)
        {
            if (_refusal is { } refusal)
            {
                throw Copy(refusal);
            }

            if (log.Failure is { } failure)
            {
                throw failure.ToException();
            }

            if (log.IsStopping)
            {
                throw log.Closed;
            }

            append.EntryId = _next++;
            append.Next = null;
            if (_tail is null)
            {
                _head = append;
            }
            else
            {
                _tail.Next = append;
            }

            _tail = append;
            Interlocked.Add(ref _pendingBytes, length);
            announce = !_announced;
            _announced = true;
        }

        if (announce)
        {
            log.Announce(this);
        }
    }

    public async ValueTask<LedgerEnd> CloseAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var refusal = Refuse(new LedgerStoreException($"Ledger {ledger.Id} is closed: begin another one."));
        if (refusal is LedgerFencedException)
        {
            throw Copy(refusal);
        }

        return await log.CarryOutAsync(new LedgerChange(LedgerChangeKind.Close, ledger, ledger.Epoch), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        Refuse(new LedgerStoreException($"The writer of ledger {ledger.Id} is gone: recover the ledger."));
        if (HasUnconfirmed)
        {
            var change = new LedgerChange(LedgerChangeKind.Flush, ledger, ledger.Epoch);
            log.Submit(change);
            await ((Task)change.Done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (ledger.Guard)
        {
            if (ledger.Writer == this)
            {
                ledger.Writer = null;
            }
        }
    }

    /// <summary>From now on nothing more is queued. Gives why that was so before, or null; the first reason stays, but that another writer has taken over.</summary>
    public LedgerStoreException? Refuse(LedgerStoreException refusal)
    {
        lock (_queueing)
        {
            var before = _refusal;
            if (before is null || refusal is LedgerFencedException)
            {
                _refusal = refusal;
            }

            return before;
        }
    }

    /// <summary>Adds to a batch what waits, as far as it has room. Called by the log's thread.</summary>
    /// <returns>Whether all found room.</returns>
    public bool Fill(LedgerBatch batch, long number)
    {
        if (_taken is null)
        {
            lock (_queueing)
            {
                _taken = _head;
                _head = _tail = null;
                _announced = false;
            }
        }

        if (_taken is not null)
        {
            LastBatch = number;
            _taken = batch.Add(this, _taken);
        }

        return _taken is null;
    }

    /// <summary>Tells so many appends that they are confirmed.</summary>
    public void Confirm(LedgerAppend head, int count, int dataBytes)
    {
        Interlocked.Add(ref _pendingBytes, -dataBytes);
        LedgerAppend? append = head;
        for (var i = 0; i < count; i++)
        {
            // What the append is told may lead to its being used again.
            var next = append!.Next;
            Volatile.Write(ref _lastConfirmed, append.EntryId);
            try
            {
                append.Confirmed();
            }
            catch (Exception exception)
            {
                // A fault of who appended. The others' entries go on.
                log.Report(exception);
            }

            append = next;
        }
    }

    /// <summary>Nothing more of this writer comes to be: so many appends of a batch that failed. Called by the log's thread.</summary>
    public void Fail(LedgerAppend head, int count, LedgerStoreException failure)
    {
        Refuse(failure);
        LedgerAppend? append = head;
        for (var i = 0; i < count; i++)
        {
            var next = append!.Next;
            FailOne(append, failure);
            append = next;
        }
    }

    /// <summary>The same for all that wait.</summary>
    public void FailQueued(LedgerStoreException failure)
    {
        Refuse(failure);
        LedgerAppend? queued;
        lock (_queueing)
        {
            queued = _head;
            _head = _tail = null;
            _announced = false;
        }

        for (var append = _taken; append is not null;)
        {
            var next = append.Next;
            FailOne(append, failure);
            append = next;
        }

        _taken = null;
        while (queued is not null)
        {
            var next = queued.Next;
            FailOne(queued, failure);
            queued = next;
        }
    }

    private bool HasUnconfirmed
    {
        get
        {
            lock (_queueing)
            {
                return _next - 1 != LastConfirmed;
            }
        }
    }

    private void FailOne(LedgerAppend append, LedgerStoreException failure)
    {
        Interlocked.Add(ref _pendingBytes, -append.Data.Length);
        try
        {
            append.Failed(Copy(failure));
        }
        catch (Exception exception)
        {
            log.Report(exception);
        }
    }

    // One object for each that is thrown: it carries where that was.
    private static LedgerStoreException Copy(LedgerStoreException refusal) => refusal switch
    {
        LedgerFencedException => new LedgerFencedException(refusal.Message, refusal),
        LedgerNotFoundException => new LedgerNotFoundException(refusal.Message, refusal),
        _ => new LedgerStoreException(refusal.Message, refusal.InnerException ?? refusal),
    };
}
