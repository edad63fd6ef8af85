using Virga.Core.Problems;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// The slots dealt out in ranges: who comes takes the upper half of the longest range, who goes leaves its range to the neighbour. So few keys change their consumer as can be, and ranges stay
/// within a factor of two of each other while consumers only come.
/// </summary>
internal sealed class AutoSplitRanges : IKeySelector
{
    // In the order of the slots, without a gap; each ends where the next begins.
    private readonly List<Range> _ranges = [];

    public Consumer? Add(Consumer consumer)
    {
        if (_ranges.Count == 0)
        {
            _ranges.Add(new Range(0, consumer));
            return null;
        }

        int longest = 0, most = 0;
        for (var i = 0; i < _ranges.Count; i++)
        {
            var length = EndOf(i) - _ranges[i].Start;
            if (length > most)
            {
                (longest, most) = (i, length);
            }
        }

        if (most < 2)
        {
            throw new ProblemException(KnownProblems.ConsumerBusy($"The subscription '{consumer.Subscription}' has as many consumers as there are slots of keys: {KeyHash.Slots}."));
        }

        _ranges.Insert(longest + 1, new Range(EndOf(longest) - (most / 2), consumer));
        return _ranges[longest].Consumer;
    }

    public void Remove(Consumer consumer)
    {
        var index = _ranges.FindIndex(range => range.Consumer == consumer);
        if (index < 0)
        {
            return;
        }

        var start = _ranges[index].Start;
        _ranges.RemoveAt(index);
        if (index == 0 && _ranges.Count > 0)
        {
            _ranges[0] = _ranges[0] with { Start = start };
        }
    }

    public Consumer? Select(int slot)
    {
        if (_ranges.Count == 0)
        {
            return null;
        }

        int low = 0, high = _ranges.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) >> 1;
            if (_ranges[middle].Start <= slot)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return _ranges[low].Consumer;
    }

    public IReadOnlyList<(int First, int Last)> RangesOf(Consumer consumer)
    {
        var index = _ranges.FindIndex(range => range.Consumer == consumer);
        return index < 0 ? [] : [(_ranges[index].Start, EndOf(index) - 1)];
    }

    private int EndOf(int index) => index + 1 < _ranges.Count ? _ranges[index + 1].Start : KeyHash.Slots;

    private readonly record struct Range(int Start, Consumer Consumer);
}
