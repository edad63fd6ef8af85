using System.Buffers;
using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.State.Sketches;

/// <summary>
/// The values that were added most often: Space-Saving (Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005). It counts k values; one that is
/// not among them takes the place of the least, and its count. A count is at most n/k too great, and every value that was added more than n/k times is there. One writer's: places' counts only
/// grow, so that of two states of one sketch each place's greater one holds, and a change says the places that it changed. Several writers' are read together by
/// <see cref="TopKSummary"/>. Of two sizes the greater holds.
/// </summary>
public sealed class TopKSketch : ISketch<TopKSketch>
{
    /// <summary>The greatest size.</summary>
    public const int MaxSize = 4096;

    /// <summary>The size unless another is said.</summary>
    public const int DefaultSize = 100;

    // Up to so many values looking at each place is faster than an index of them.
    private const int FewValues = 8;
    private const int SlotBytes = 28;

    // In the order of the places.
    private readonly TopKSlot[] _slots;
    private readonly int _itemBytes;

    private TopKSketch(int size, TopKSlot[] slots)
    {
        (Size, _slots) = (size, slots);
        foreach (ref readonly var slot in slots.AsSpan())
        {
            _itemBytes += slot.Item.Bytes.Length;
        }
    }

    /// <summary>How many values it counts.</summary>
    public int Size { get; }

    /// <inheritdoc/>
    public int MemoryBytes => 56 + (_slots.Length * (SlotBytes + 48)) + _itemBytes;

    /// <inheritdoc/>
    public int EncodedBytes => 8 + (_slots.Length * SlotBytes) + _itemBytes;

    /// <summary>How often a value may have been added at most that has no place.</summary>
    public ulong Least
    {
        get
        {
            if (_slots.Length < Size)
            {
                return 0;
            }

            var least = ulong.MaxValue;
            foreach (ref readonly var slot in _slots.AsSpan())
            {
                least = Math.Min(least, slot.Count);
            }

            return least;
        }
    }

    internal ReadOnlySpan<TopKSlot> Slots => _slots;

    /// <summary>A sketch of no value.</summary>
    public static TopKSketch Empty(int size) =>
        size is >= 1 and <= MaxSize ? new TopKSketch(size, []) : throw new ArgumentOutOfRangeException(nameof(size), size, "A size is 1 to 4,096.");

    /// <summary>What adding makes of this: the least that says it, with the places that change.</summary>
    /// <param name="values">Values, and how much to add to each: not 0.</param>
    public TopKSketch Addition(IReadOnlyCollection<(Payload Item, ulong Weight)> values)
    {
        var slots = new List<TopKSlot>(_slots);
        var changed = new SortedSet<int>();
        var index = values.Count > FewValues ? IndexOf(slots) : null;
        foreach (var (item, weight) in values)
        {
            var at = Find(slots, index, item);
            if (at >= 0)
            {
                slots[at] = slots[at] with { Count = Sum(slots[at].Count, weight) };
            }
            else if (slots.Count == 0 || slots[^1].Index + 1 < Size)
            {
                // A writer knows its own sketch whole: places are taken in their order.
                at = slots.Count;
                slots.Add(new TopKSlot(at == 0 ? 0 : slots[^1].Index + 1, item, weight, 0));
            }
            else
            {
                at = LeastOf(slots);
                index?.Remove(slots[at].Item);
                slots[at] = new TopKSlot(slots[at].Index, item, Sum(slots[at].Count, weight), slots[at].Count);
            }

            index?.TryAdd(item, at);
            changed.Add(at);
        }

        return new TopKSketch(Size, [.. changed.Select(at => slots[at])]);
    }

    /// <inheritdoc/>
    public TopKSketch Merge(TopKSketch other)
    {
        if (Size != other.Size)
        {
            return Size > other.Size ? this : other;
        }

        var merged = new List<TopKSlot>(Math.Max(_slots.Length, other._slots.Length));
        var adds = false;
        int i = 0, j = 0;
        while (i < _slots.Length || j < other._slots.Length)
        {
            var order = i == _slots.Length ? 1 : j == other._slots.Length ? -1 : _slots[i].Index.CompareTo(other._slots[j].Index);
            var takesOther = order > 0 || (order == 0 && TopKSlot.Compare(_slots[i], other._slots[j]) < 0);
            merged.Add(takesOther ? other._slots[j] : _slots[i]);
            adds |= takesOther;
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return adds ? new TopKSketch(Size, [.. merged]) : this;
    }

    /// <inheritdoc/>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)Size);
        output.WriteVarint((ulong)_slots.Length);
        var last = 0;
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            output.WriteVarint((ulong)(slot.Index - last));
            output.WriteVarint(slot.Count);
            output.WriteVarint(slot.Error);
            output.WriteBytes(slot.Item.Bytes.Span);
            last = slot.Index;
        }
    }

    /// <inheritdoc/>
    public static TopKSketch Read(ref ByteReader reader)
    {
        var size = reader.ReadVarint();
        if (size is < 1 or > MaxSize)
        {
            throw new StateEncodingException($"A topK sketch has a size of {size}.");
        }

        var slots = new TopKSlot[reader.ReadCount(5)];
        ulong index = 0;
        for (var i = 0; i < slots.Length; i++)
        {
            var gap = reader.ReadVarint();
            if (gap >= size || (index += gap) >= size || (gap == 0 && i > 0))
            {
                throw new StateEncodingException("The places of a topK sketch are out of order.");
            }

            var (count, error) = (reader.ReadVarint(), reader.ReadVarint());
            var item = LatticeEncoding.ReadPayload(reader.ReadBytes());
            slots[i] = count > error || count == ulong.MaxValue
                ? new TopKSlot((int)index, item, count, error)
                : throw new StateEncodingException("A value of a topK sketch has no count.");
        }

        return new TopKSketch((int)size, slots);
    }

    private static Dictionary<Payload, int> IndexOf(List<TopKSlot> slots)
    {
        var index = new Dictionary<Payload, int>(slots.Count);
        for (var i = 0; i < slots.Count; i++)
        {
            index[slots[i].Item] = i;
        }

        return index;
    }

    private static int Find(List<TopKSlot> slots, Dictionary<Payload, int>? index, Payload item)
    {
        if (index is not null)
        {
            return index.TryGetValue(item, out var known) ? known : -1;
        }

        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i].Item == item)
            {
                return i;
            }
        }

        return -1;
    }

    private static int LeastOf(List<TopKSlot> slots)
    {
        var least = 0;
        for (var i = 1; i < slots.Count; i++)
        {
            least = slots[i].Count < slots[least].Count ? i : least;
        }

        return least;
    }

    private static ulong Sum(ulong a, ulong b) => a + b is var sum && sum < a ? ulong.MaxValue : sum;
}
