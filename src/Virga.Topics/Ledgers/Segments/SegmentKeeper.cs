using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// What is done behind the log, on a thread of its own: sealed segments get their index, the catalogue is written, segments whose ledgers are all deleted are removed, and those that are
/// mostly dead are written anew. Nobody waits for any of it.
/// </summary>
internal sealed class SegmentKeeper : IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly SegmentLedgerOptions _options;
    private readonly LedgerDisk _disk;
    private readonly ILogger _logger;
    private readonly LedgerTable _table;
    private readonly SegmentReader _reader;
    private readonly ConcurrentQueue<Segment> _sealed = [];
    private readonly ConcurrentQueue<SegmentLedger> _deleted = [];
    private readonly AutoResetEvent _work = new(initialState: false);
    private readonly ManualResetEventSlim _stop = new(initialState: false);
    private readonly Thread _thread;

    // Of the thread: sealed segments by their numbers, with and without an index; and those that cannot be written anew.
    private readonly List<Segment> _segments = [];
    private readonly HashSet<Segment> _damaged = [];
    private LedgerLog? _log;
    private Segment? _current;
    private bool _isCatalogueOld;
    private int _lastKnown;
    private long _rounds;

    public SegmentKeeper(SegmentLedgerOptions options, LedgerDisk disk, ILogger logger, LedgerTable table, SegmentReader reader)
    {
        _options = options;
        _disk = disk;
        _logger = logger;
        _table = table;
        _reader = reader;
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger keeper", Priority = ThreadPriority.BelowNormal };
    }

    /// <summary>How often it has found nothing more to do: for tests, which wait until it is done.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>Begins with what recovery has found, before anybody else knows of it.</summary>
    /// <param name="segments">By their numbers; each has its end.</param>
    /// <param name="last">The last number that was ever given.</param>
    /// <param name="log">Asked to bring all to disk.</param>
    public void Start(IReadOnlyList<Segment> segments, int last, LedgerLog log)
    {
        _log = log;
        _segments.AddRange(segments);
        _lastKnown = last;
        foreach (var ledger in _table.ToArray())
        {
            foreach (var part in ledger.Parts)
            {
                part.Segment.LiveBytes += part.FrameBytes;
            }
        }

        _thread.Start();
        _work.Set();
    }

    /// <summary>Lets it look whether there is something to do.</summary>
    public void Look() => _work.Set();

    /// <summary>A segment is written to; it is closed with the keeper.</summary>
    public void Begun(Segment segment) => Volatile.Write(ref _current, segment);

    /// <summary>A segment is no longer written to.</summary>
    public void Sealed(Segment segment)
    {
        _sealed.Enqueue(segment);
        _work.Set();
    }

    /// <summary>A ledger was deleted.</summary>
    public void Deleted(SegmentLedger ledger)
    {
        _deleted.Enqueue(ledger);
        _work.Set();
    }

    /// <summary>Ends the thread. The files stay open: the log may still write.</summary>
    public void Stop()
    {
        _stop.Set();
        _work.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    public void Dispose()
    {
        while (_sealed.TryDequeue(out var segment))
        {
            _segments.Add(segment);
        }

        _segments.ForEach(static segment => segment.Dispose());
        _current?.Dispose();
        _work.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        var failed = false;
        while (!_stop.IsSet)
        {
            _work.WaitOne(failed ? RetryAfter : Timeout.InfiniteTimeSpan);
            try
            {
                Tidy();
                failed = false;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or LedgerStoreException)
            {
                if (!failed && !_stop.IsSet)
                {
                    _logger.TidyingFailed(_options.Directory, exception);
                }

                failed = true;
            }

            Interlocked.Increment(ref _rounds);
        }
    }

    private void Tidy()
    {
        do
        {
            while (_sealed.TryDequeue(out var segment))
            {
                _segments.Add(segment);
                _lastKnown = segment.Number;
            }

            foreach (var segment in _segments)
            {
                if (!segment.IsIndexed && !_stop.IsSet)
                {
                    Index(segment);
                }
            }

            CountDeleted();
            if (!_stop.IsSet)
            {
                Drop();
                WriteCatalogue([]);
            }
        }
        while (!_stop.IsSet && Compact());
    }

    private void Index(Segment segment)
    {
        // A file that was only begun when the process ended holds no more than that.
        if (RandomAccess.GetLength(segment.File) != segment.End)
        {
            RandomAccess.SetLength(segment.File, segment.End);
        }

        long frameBytes = 0;
        var index = new SegmentIndexFile();
        var parts = new List<(SegmentLedger Ledger, LedgerPart Part, int Runs)>(segment.Ledgers.Count);
        foreach (var ledger in segment.Ledgers)
        {
            var runs = ledger.RunsOf(segment);
            foreach (var run in runs)
            {
                frameBytes += run.DataBytes + ((long)run.Count * SegmentFormat.FrameHeaderBytes);
            }

            if (runs.Length > 0 && ledger.Status != LedgerStatus.Deleted)
            {
                parts.Add((ledger, index.Add(segment, ledger.Id, runs), runs.Length));
            }
        }

        DurableFile.Write(_disk, segment.IndexPath, index.Bytes);
        foreach (var (ledger, part, runs) in parts)
        {
            ledger.Seal(part, runs);
            segment.LiveBytes += part.FrameBytes;
        }

        segment.FrameBytes = frameBytes;
        segment.ForgetLedgers();
        segment.IsIndexed = true;
        _isCatalogueOld = true;
    }

    private void CountDeleted()
    {
        while (_deleted.TryDequeue(out var ledger))
        {
            foreach (var part in ledger.Parts)
            {
                part.Segment.LiveBytes -= part.FrameBytes;
            }
        }
    }

    // Nothing that lives is in them; what they say of ledgers the catalogue says, too, before they go.
    private void Drop()
    {
        var dead = _segments.FindAll(static segment => segment.IsIndexed && segment.LiveBytes == 0);
        if (dead.Count > 0)
        {
            _isCatalogueOld = true;
            WriteCatalogue(dead);
            dead.ForEach(Remove);
        }
    }

    private void Remove(Segment segment)
    {
        segment.Dispose();
        File.Delete(segment.Path);
        File.Delete(segment.IndexPath);
        _segments.Remove(segment);
    }

    private void WriteCatalogue(List<Segment> without)
    {
        if (!_isCatalogueOld)
        {
            return;
        }

        // All that were taken have an index. One that is sealed and not taken yet has a greater number, and so has the one that is written to.
        var bytes = Catalogue.Write(_lastKnown + 1, _segments.FindAll(segment => !without.Contains(segment)), _table.ToArray());

        // It may know what the log has said since: that must not be lost when the catalogue is not.
        AwaitDisk();
        DurableFile.Write(_disk, Path.Combine(_options.Directory, SegmentFormat.CatalogueName), bytes);
        _isCatalogueOld = false;
    }

    private bool Compact()
    {
        var figures = new SegmentFigures[_segments.Count];
        for (var i = 0; i < figures.Length; i++)
        {
            var segment = _segments[i];
            figures[i] = new SegmentFigures(segment.FrameBytes, segment.LiveBytes, segment.IsIndexed && !_damaged.Contains(segment));
        }

        if (CompactionPolicy.Choose(figures, _options.MaxSegmentBytes) is not { } range)
        {
            return false;
        }

        var (from, count) = range.GetOffsetAndLength(_segments.Count);
        var sources = _segments.GetRange(from, count);
        var compaction = new SegmentCompaction(_options, _disk, _table, _reader, pause => _stop.Wait(pause));
        Segment? target;
        try
        {
            target = compaction.Run(sources);
        }
        catch (LedgerCorruptedException exception)
        {
            _logger.CompactionFailed(sources[0].Path, exception);
            _damaged.UnionWith(sources);
            return false;
        }

        if (target is null)
        {
            return false;
        }

        foreach (var (ledger, index, parts, part) in compaction.Moves)
        {
            ledger.Move(index, parts, part);
            target.LiveBytes += part.FrameBytes;
            target.FrameBytes += part.FrameBytes;
        }

        // Whatever comes now, they are dead.
        sources.ForEach(static source => source.LiveBytes = 0);

        _segments.Insert(from + count, target);
        _isCatalogueOld = true;
        WriteCatalogue(sources);
        _logger.Compacted(count, sources.Sum(static source => (long)source.End), target.End, target.Path);
        sources.ForEach(Remove);
        return true;
    }

    private void AwaitDisk()
    {
        var barrier = new LedgerChange(LedgerChangeKind.Barrier, null, 0);
        _log!.Submit(barrier);
        barrier.Done.GetAwaiter().GetResult();
    }
}
