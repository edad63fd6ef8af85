using Virga.State.Lattices;

namespace Virga.State.Sketches;

/// <summary>
/// What several writers' top-k sketches say together, as Space-Saving summaries merge (Agarwal, Cormode, Huang, Phillips, Wei, Yi, "Mergeable Summaries", 2012): a value that has no place in one may have been
/// added there as often as that one's least. So errors add up to at most n/k of all together.
/// </summary>
public sealed class TopKSummary
{
    private readonly Dictionary<Payload, FrequentItem> _items = [];
    private readonly ulong _unknown;

    /// <summary>Reads sketches together.</summary>
    public TopKSummary(IReadOnlyList<TopKSketch> sketches)
    {
        // What a value has that stands in none, and above that what those that know it say.
        foreach (var sketch in sketches)
        {
            _unknown = Sum(_unknown, sketch.Least);
            Size = Math.Max(Size, sketch.Size);
        }

        var here = new Dictionary<Payload, TopKSlot>();
        foreach (var sketch in sketches)
        {
            // While a change is under way a value may stand in the place that it left, too: the later one has the greater count.
            here.Clear();
            foreach (ref readonly var slot in sketch.Slots)
            {
                if (!here.TryGetValue(slot.Item, out var other) || TopKSlot.Compare(slot, other) > 0)
                {
                    here[slot.Item] = slot;
                }
            }

            foreach (var (item, slot) in here)
            {
                var known = _items.TryGetValue(item, out var found) ? found : new FrequentItem(item, _unknown, _unknown);
                _items[item] = known with { Count = Exchange(known.Count, sketch.Least, slot.Count), Error = Exchange(known.Error, sketch.Least, slot.Error) };
            }
        }
    }

    /// <summary>The greatest size among the sketches; 0 for none.</summary>
    public int Size { get; }

    /// <summary>So many of the values that were added most often, those with the greatest counts first.</summary>
    public IReadOnlyList<FrequentItem> Top(int count)
    {
        var items = new List<FrequentItem>(_items.Values);
        items.Sort(static (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Item.CompareTo(b.Item));
        return items.Count <= count ? items : items.GetRange(0, count);
    }

    /// <summary>How often a value was added.</summary>
    public FrequentItem CountOf(Payload item) => _items.TryGetValue(item, out var found) ? found : new FrequentItem(item, _unknown, _unknown);

    private static ulong Exchange(ulong sum, ulong less, ulong more) => Sum(sum >= less ? sum - less : 0, more);

    private static ulong Sum(ulong a, ulong b) => a + b is var sum && sum < a ? ulong.MaxValue : sum;
}
