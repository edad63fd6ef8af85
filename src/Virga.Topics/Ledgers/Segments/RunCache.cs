using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>The runs of parts that were read last, up to a number of bytes.</summary>
internal sealed class RunCache(int maxBytes)
{
    // What a run and its share of the tables take.
    private const int BytesPerRun = 40;

    private readonly Lock _looking = new();
    private readonly Dictionary<(Segment Segment, long Ledger), LinkedListNode<((Segment Segment, long Ledger) Key, Run[] Runs)>> _known = [];
    private readonly LinkedList<((Segment Segment, long Ledger) Key, Run[] Runs)> _recent = [];
    private long _bytes;

    public Run[]? Find(Segment segment, long ledger)
    {
        lock (_looking)
        {
            if (!_known.TryGetValue((segment, ledger), out var node))
            {
                return null;
            }

            if (node != _recent.First)
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
            }

            return node.Value.Runs;
        }
    }

    public void Add(Segment segment, long ledger, Run[] runs)
    {
        lock (_looking)
        {
            ref var node = ref CollectionsMarshal.GetValueRefOrAddDefault(_known, (segment, ledger), out var exists);
            if (exists)
            {
                return;
            }

            node = _recent.AddFirst(((segment, ledger), runs));
            _bytes += SizeOf(runs);
            while (_bytes > maxBytes && _recent.Last is { } last && last != node)
            {
                _recent.RemoveLast();
                _known.Remove(last.Value.Key);
                _bytes -= SizeOf(last.Value.Runs);
            }
        }
    }

    private static long SizeOf(Run[] runs) => BytesPerRun * (long)(runs.Length + 4);
}
