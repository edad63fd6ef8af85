namespace Virga.Topics.Ledgers.Segments;

/// <summary>What waits for the log's thread, and that thread's rest.</summary>
internal sealed class LogWork : IDisposable
{
    private readonly ReadyWriters _ready = new();
    private readonly Lock _submitting = new();
    private readonly List<LedgerChange> _changes = [];
    private readonly AutoResetEvent _wake = new(initialState: false);
    private int _parked;
    private volatile bool _hasChanges;
    private volatile bool _isStopping;

    public bool IsStopping => _isStopping;

    /// <summary>A writer has something queued.</summary>
    public void Announce(SegmentLedgerWriter writer)
    {
        _ready.Add(writer);
        WakeParked();
    }

    /// <summary>Something is to be done. Not once the log is stopping.</summary>
    public bool TrySubmit(LedgerChange change)
    {
        lock (_submitting)
        {
            if (_isStopping)
            {
                return false;
            }

            _changes.Add(change);
            _hasChanges = true;
        }

        Interlocked.MemoryBarrier();
        WakeParked();
        return true;
    }

    /// <summary>Lets the thread look whether there is something to do.</summary>
    public void Wake() => _wake.Set();

    public void Stop()
    {
        lock (_submitting)
        {
            _isStopping = true;
        }

        _wake.Set();
    }

    /// <summary>Moves what is to be done to a list. Called by the log's thread, like all that follow.</summary>
    public void TakeChanges(List<LedgerChange> into)
    {
        if (_hasChanges)
        {
            lock (_submitting)
            {
                into.AddRange(_changes);
                _changes.Clear();
                _hasChanges = false;
            }
        }
    }

    /// <summary>Moves the writers that have something queued to a queue.</summary>
    public int TakeReady(Queue<SegmentLedgerWriter> into) => _ready.TakeInto(into);

    /// <summary>Waits for work, or with it for the time to pass.</summary>
    /// <returns>Whether there may be work.</returns>
    public bool Park(TimeSpan patience, bool evenWithWork)
    {
        if (evenWithWork)
        {
            return _wake.WaitOne(patience);
        }

        // Who adds work looks at this behind it, and this looks at the work behind that: one of the two sees the other.
        Interlocked.Exchange(ref _parked, 1);
        var woken = _ready.Any || _hasChanges || _isStopping || _wake.WaitOne(patience);
        Volatile.Write(ref _parked, 0);
        return woken;
    }

    public void Dispose() => _wake.Dispose();

    private void WakeParked()
    {
        if (Volatile.Read(ref _parked) == 1 && Interlocked.Exchange(ref _parked, 0) == 1)
        {
            _wake.Set();
        }
    }
}
