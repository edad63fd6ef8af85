namespace Virga.Topics.Ledgers.Segments;

/// <summary>Writers that have something queued: announced by those who append, each once, and taken all at once by the log's thread.</summary>
internal sealed class ReadyWriters
{
    private SegmentLedgerWriter? _last;

    public bool Any => Volatile.Read(ref _last) is not null;

    public void Add(SegmentLedgerWriter writer)
    {
        SegmentLedgerWriter? last;
        do
        {
            last = Volatile.Read(ref _last);
            writer.NextReady = last;
        }
        while (Interlocked.CompareExchange(ref _last, writer, last) != last);
    }

    /// <summary>Moves them to the end of a queue, in the order in which they came.</summary>
    /// <returns>How many.</returns>
    public int TakeInto(Queue<SegmentLedgerWriter> queue)
    {
        SegmentLedgerWriter? turned = null;
        for (var writer = Interlocked.Exchange(ref _last, null); writer is not null;)
        {
            var next = writer.NextReady;
            writer.NextReady = turned;
            turned = writer;
            writer = next;
        }

        var count = 0;
        while (turned is not null)
        {
            var next = turned.NextReady;
            turned.NextReady = null;
            queue.Enqueue(turned);
            turned = next;
            count++;
        }

        return count;
    }
}
