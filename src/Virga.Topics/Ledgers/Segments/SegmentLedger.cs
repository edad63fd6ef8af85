namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// A ledger in memory: some 200 bytes when it is idle, since there may be many. Where its entries are: parts of sealed segments, then runs of those that are not sealed and indexed yet.
/// </summary>
internal sealed class SegmentLedger(long id, long epoch)
{
    // Short, and many: what readers and the log's thread share of one ledger. A lock of its own for each would cost a quarter of its memory.
    private static readonly Lock[] Stripes = [.. Enumerable.Range(0, 64).Select(static _ => new Lock())];

    private LedgerPart[] _parts = [];
    private Run[] _runs = [];
    private int _runCount;
    private long _bytes;
    private long _last = -1;

    public long Id { get; } = id;

    /// <summary>The greatest that has come: what is smaller is fenced.</summary>
    public long Epoch { get; set; } = epoch;

    public LedgerStatus Status { get; set; }

    /// <summary>Some of it is missing.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>Its writer, while there is one; or who was it, while something waits.</summary>
    public SegmentLedgerWriter? Writer { get; set; }

    /// <summary>The last segment that noted it.</summary>
    public int LastTouched { get; set; }

    /// <summary>Guards all of it.</summary>
    public Lock Guard => Stripes[(int)Id & 63];

    /// <summary>What is confirmed.</summary>
    public LedgerEnd End
    {
        get
        {
            lock (Guard)
            {
                return new LedgerEnd(_last, _bytes);
            }
        }
    }

    /// <summary>What the log would say of it.</summary>
    public LedgerState State
    {
        get
        {
            lock (Guard)
            {
                return new LedgerState(Status, Epoch, new LedgerEnd(_last, _bytes));
            }
        }
    }

    /// <summary>Entries are confirmed from now on.</summary>
    public void Add(in Run run)
    {
        lock (Guard)
        {
            AddRun(run);
            _last = run.Next - 1;
            _bytes += run.DataBytes;
        }
    }

    /// <summary>What the catalogue says of it, when the store opens. Where a closed one ends is believed when the log was read to its end: it may have been closed after that.</summary>
    public void Restore(IReadOnlyCollection<LedgerPart> parts, in LedgerState state)
    {
        lock (Guard)
        {
            _parts = [.. parts];
            Status = state.Status;
            foreach (var part in _parts)
            {
                _last = part.Next - 1;
                _bytes += part.DataBytes;
            }
        }
    }

    /// <summary>What the log says of it, when the store opens.</summary>
    public void Restore(in LedgerState state)
    {
        lock (Guard)
        {
            Status = state.Status;
            if (state.Status == LedgerStatus.Closed)
            {
                IsDamaged |= _last != state.End.LastEntry;
                (_last, _bytes) = (state.End.LastEntry, state.End.Bytes);
            }
        }
    }

    /// <summary>The last entries are no longer where they were: they are about to be placed again.</summary>
    public void Cut(int count, int dataBytes)
    {
        lock (Guard)
        {
            ref var last = ref _runs[_runCount - 1];
            if (last.Count == count)
            {
                last = default;
                _runCount--;
            }
            else
            {
                // Its bytes are more than its entries take now: a reader stops by their number.
                last.Count -= count;
                last.DataBytes -= dataBytes;
            }
        }
    }

    /// <summary>Where entries are that were cut off.</summary>
    public void Place(in Run run)
    {
        lock (Guard)
        {
            AddRun(run);
        }
    }

    /// <summary>Its runs in a segment: its first ones, but for a deleted ledger, of which those in segments before are still here.</summary>
    public Run[] RunsOf(Segment segment)
    {
        lock (Guard)
        {
            var first = 0;
            while (first < _runCount && _runs[first].Segment != segment)
            {
                first++;
            }

            var next = first;
            while (next < _runCount && _runs[next].Segment == segment)
            {
                next++;
            }

            return _runs[first..next];
        }
    }

    /// <summary>The segment has an index: what was its first runs is a part now.</summary>
    public void Seal(in LedgerPart part, int runs)
    {
        lock (Guard)
        {
            _parts = [.. _parts, part];
            _runs = _runCount == runs ? [] : _runs[runs.._runCount];
            _runCount = _runs.Length;
        }
    }

    /// <summary>Its parts in sealed segments.</summary>
    public LedgerPart[] Parts
    {
        get
        {
            lock (Guard)
            {
                return _parts;
            }
        }
    }

    /// <summary>Parts that follow each other are one now, in a segment that was written anew.</summary>
    public void Move(int index, int count, in LedgerPart part)
    {
        lock (Guard)
        {
            _parts = [.. _parts[..index], part, .. _parts[(index + count)..]];
        }
    }

    /// <summary>What has the entry: a part, or runs from its own on; neither where there is no such entry.</summary>
    public LedgerPlace Find(long entry, int maxRuns)
    {
        lock (Guard)
        {
            if (entry > _last || entry < 0)
            {
                return default;
            }

            if (_parts.Length > 0 && entry < _parts[^1].Next)
            {
                var low = 0;
                var high = _parts.Length - 1;
                while (low < high)
                {
                    var middle = (low + high) / 2;
                    (low, high) = _parts[middle].Next <= entry ? (middle + 1, high) : (low, middle);
                }

                return new LedgerPlace(_last, _parts[low], null);
            }

            var from = IndexOf(_runs.AsSpan(0, _runCount), entry);
            return new LedgerPlace(_last, null, _runs[from..Math.Min(_runCount, from + maxRuns)]);
        }
    }

    /// <summary>The run of an entry, among such that follow each other.</summary>
    public static int IndexOf(ReadOnlySpan<Run> runs, long entry)
    {
        var low = 0;
        var high = runs.Length - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = runs[middle].Next <= entry ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void AddRun(in Run run)
    {
        if (_runCount > 0 && _runs[_runCount - 1].TryExtend(run))
        {
            return;
        }

        if (_runCount == _runs.Length)
        {
            Array.Resize(ref _runs, _runCount == 0 ? 1 : _runCount * 2);
        }

        _runs[_runCount++] = run;
    }
}
