using Virga.Core.Problems;

namespace Virga.State.Logs;

/// <summary>What was appended and is not on disk yet: filled by all threads, taken by the writer.</summary>
internal sealed class LogBuffer(long limit) : IDisposable
{
    private readonly Lock _appending = new();
    private readonly Queue<LogBatch> _closed = [];
    private readonly Stack<LogBatch> _idle = [];
    private readonly AutoResetEvent _work = new(initialState: false);
    private LogBatch? _gathering;
    private Problem? _refusal;
    private long _position;
    private long _bytes;
    private bool _parked;
    private bool _stopping;

    /// <summary>Behind all that was appended.</summary>
    public long Position => Volatile.Read(ref _position);

    public void Start(long position) => _position = position;

    /// <exception cref="ProblemException">The disk takes nothing, or too much waits for it.</exception>
    public long Append(ReadOnlySpan<byte> entries)
    {
        bool wake;
        long end;
        lock (_appending)
        {
            Admit(entries.Length);
            var batch = _gathering ??= Next(beginsSegment: false);
            var growth = batch.GrowthFor(entries.Length);
            batch.Add(entries);
            _bytes += growth;
            end = _position + growth;
            Volatile.Write(ref _position, end);
            wake = _parked;
            _parked = false;
        }

        if (wake)
        {
            _work.Set();
        }

        return end;
    }

    /// <summary>What is appended from now on goes into a new segment.</summary>
    public long Rotate()
    {
        lock (_appending)
        {
            if (_gathering is { Length: > 0 } batch)
            {
                _closed.Enqueue(batch);
                _gathering = null;
            }

            if (_gathering is null)
            {
                _gathering = Next(beginsSegment: true);
            }
            else
            {
                _gathering.Begin(_position, beginsSegment: true);
            }

            _parked = false;
        }

        _work.Set();
        return Position;
    }

    /// <summary>Lets the writer look whether there is something to do.</summary>
    public void Wake() => _work.Set();

    /// <summary>Waits for work. Called by the writer alone, like all that follow.</summary>
    public void Park(TimeSpan patience)
    {
        lock (_appending)
        {
            if (_gathering is not null || _closed.Count > 0 || _stopping)
            {
                return;
            }

            _parked = true;
        }

        _work.WaitOne(patience);
    }

    /// <summary>Lets writes gather for a moment; they wake nobody meanwhile.</summary>
    public void Gather(TimeSpan moment) => _work.WaitOne(moment);

    /// <summary>The next batch to write; null when there is none.</summary>
    public LogBatch? Take()
    {
        lock (_appending)
        {
            if (_closed.TryDequeue(out var batch))
            {
                return batch;
            }

            batch = _gathering;
            _gathering = null;
            return batch;
        }
    }

    /// <summary>A batch that says how much is on disk, if nothing else waits.</summary>
    public LogBatch? TakeMark()
    {
        lock (_appending)
        {
            if (_gathering is not null || _closed.Count > 0)
            {
                return null;
            }

            var mark = Next(beginsSegment: false);
            mark.AddMark();
            _bytes += mark.Length;
            Volatile.Write(ref _position, mark.End);
            return mark;
        }
    }

    /// <summary>A batch is on disk: its memory can be used again.</summary>
    public void Return(LogBatch batch)
    {
        lock (_appending)
        {
            _bytes -= batch.Length;
            batch.Clear();
            _idle.Push(batch);
        }
    }

    /// <summary>Refuses all appends with a problem; null takes them again.</summary>
    public void Refuse(Problem? problem)
    {
        lock (_appending)
        {
            _refusal = problem ?? (_stopping ? Stopping : null);
        }
    }

    public void Stop()
    {
        lock (_appending)
        {
            _stopping = true;
            _refusal ??= Stopping;
        }

        _work.Set();
    }

    public void Dispose() => _work.Dispose();

    public bool IsStopping
    {
        get
        {
            lock (_appending)
            {
                return _stopping;
            }
        }
    }

    private static Problem Stopping => KnownProblems.StateUnavailable("The node is stopping.");

    private void Admit(int length)
    {
        if (_refusal is { } refusal)
        {
            throw new ProblemException(refusal);
        }

        // One that is larger than the limit may pass alone.
        if (_bytes > 0 && _bytes + length > limit)
        {
            throw new ProblemException(KnownProblems.StateOverloaded($"{_bytes:N0} bytes wait for the disk; more than {limit:N0} may not."));
        }
    }

    private LogBatch Next(bool beginsSegment)
    {
        if (!_idle.TryPop(out var batch))
        {
            batch = new LogBatch();
        }

        batch.Begin(_position, beginsSegment);
        return batch;
    }
}
