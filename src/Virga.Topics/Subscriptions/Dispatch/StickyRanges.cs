using Virga.Core.Problems;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>The slots as the consumers themselves ask for them; what nobody asks for waits.</summary>
internal sealed class StickyRanges : IKeySelector
{
    // In the order of the slots; they do not overlap.
    private readonly List<Range> _ranges = [];

    public Consumer? Add(Consumer consumer)
    {
        var added = new List<Range>();
        foreach (var (first, last) in consumer.Options.KeySharing.Ranges)
        {
            if (first < 0 || last < first || last >= KeyHash.Slots)
            {
                throw new ProblemException(KnownProblems.InvalidRequest($"{first} to {last} is no range of slots.", $"Ask for ranges within 0 to {KeyHash.Slots - 1}, the smaller number first."));
            }

            foreach (var range in _ranges)
            {
                Refuse(range, first, last, $"consumer '{range.Consumer.Name}'");
            }

            foreach (var range in added)
            {
                Refuse(range, first, last, "the same consumer");
            }

            added.Add(new Range(first, last, consumer));
        }

        _ranges.AddRange(added);
        _ranges.Sort(static (left, right) => left.First.CompareTo(right.First));
        return null;
    }

    public void Remove(Consumer consumer) => _ranges.RemoveAll(range => range.Consumer == consumer);

    public Consumer? Select(int slot)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var range = _ranges[middle];
            if (slot < range.First)
            {
                high = middle - 1;
            }
            else if (slot > range.Last)
            {
                low = middle + 1;
            }
            else
            {
                return range.Consumer;
            }
        }

        return null;
    }

    public IReadOnlyList<(int First, int Last)> RangesOf(Consumer consumer) => consumer.Options.KeySharing.Ranges;

    private static void Refuse(Range range, int first, int last, string owner)
    {
        if (first <= range.Last && range.First <= last)
        {
            throw new ProblemException(KnownProblems.KeyRangeTaken($"The slots {first} to {last} overlap {range.First} to {range.Last}, which {owner} takes."));
        }
    }

    private readonly record struct Range(int First, int Last, Consumer Consumer);
}
