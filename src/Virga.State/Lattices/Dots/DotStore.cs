using System.Buffers;
using System.Collections.Immutable;
using Virga.State.Binary;
using Virga.State.Keys;

namespace Virga.State.Lattices.Dots;

/// <summary>
/// Elements that are added and removed anywhere, where what is added and removed at the same time stays: the optimised observed-remove set (Bieniusa et al., "An optimized
/// conflict-free replicated set", 2012) in its delta form (Almeida et al., 2018). An element is there by the updates that added it; a removal says which of these
/// it saw, and nothing is kept of an element that is gone. Immutable.
/// </summary>
internal sealed class DotStore<T>
    where T : struct, IDotValue<T>
{
    public static readonly DotStore<T> Empty = new(
        ImmutableSortedDictionary<Payload, Tagged<T>[]>.Empty,
        ImmutableSortedDictionary<Dot, Payload>.Empty,
        DotContext.Empty,
        0);

    private const int ElementOverhead = 6;

    // Each update that still shows, with its element: finds what a removal is about without looking at every element. All of them are in the context.
    private readonly ImmutableSortedDictionary<Dot, Payload> _dots;
    private readonly int _encodedBytes;

    private DotStore(ImmutableSortedDictionary<Payload, Tagged<T>[]> elements, ImmutableSortedDictionary<Dot, Payload> dots, DotContext context, int encodedBytes)
    {
        Elements = elements;
        _dots = dots;
        Context = context;
        _encodedBytes = encodedBytes;
    }

    /// <summary>The elements that are there, in the order of their bytes, each with the updates by which it is, in the order of these.</summary>
    public ImmutableSortedDictionary<Payload, Tagged<T>[]> Elements { get; }

    /// <summary>All updates that were seen.</summary>
    public DotContext Context { get; }

    public int MemoryBytes => 120 + Context.MemoryBytes + _encodedBytes + (_dots.Count * 260);

    public int EncodedBytes => 5 + Context.EncodedBytes + _encodedBytes;

    /// <summary>What adding and removing elements adds to this: the new updates, and that they and the removals saw those before them.</summary>
    public DotStore<T> Delta(IReadOnlyList<(Payload Element, T Value)> added, IReadOnlyList<Payload> removed, ReplicaId replica)
    {
        var seen = new List<Dot>(added.Count + removed.Count);
        var elements = Empty.Elements.ToBuilder();
        var dots = Empty._dots.ToBuilder();
        var last = Context.Last(replica);
        var bytes = 0;
        foreach (var (element, value) in added)
        {
            var dot = new Dot(replica, ++last);
            seen.Add(dot);
            See(element, seen);
            elements.Add(element, [new Tagged<T>(dot, value)]);
            dots.Add(dot, element);
            bytes += SizeOf(element, 1);
        }

        foreach (var element in removed)
        {
            See(element, seen);
        }

        return new DotStore<T>(elements.ToImmutable(), dots.ToImmutable(), DotContext.Of(seen), bytes);
    }

    /// <summary>The least upper bound. Gives <c>this</c> where the other adds nothing.</summary>
    /// <param name="other">The other.</param>
    /// <param name="changed">Takes the elements that are there by other updates than in <c>this</c>, or are so no more; null when nobody asks.</param>
    public DotStore<T> Merge(DotStore<T> other, List<Payload>? changed)
    {
        if (ReferenceEquals(this, other))
        {
            return this;
        }

        var context = Context.Merge(other.Context);
        if (changed is null && other._dots.Count > _dots.Count && !ReferenceEquals(context, Context))
        {
            // The smaller into the larger. The result is not this one in any case, since the other has seen more.
            return other.MergeIn(this, context, null);
        }

        return MergeIn(other, context, changed);
    }

    public void WriteTo(IBufferWriter<byte> output)
    {
        var replicas = Context.WriteTo(output);
        output.WriteVarint((ulong)Elements.Count);
        foreach (var (element, tags) in Elements)
        {
            output.WriteBytes(element.Bytes.Span);
            output.WriteVarint((ulong)tags.Length);
            foreach (var tag in tags)
            {
                output.WriteVarint((ulong)replicas.BinarySearch(tag.Dot.Replica));
                output.WriteVarint(tag.Dot.Count);
                tag.Value.WriteTo(output);
            }
        }
    }

    public static DotStore<T> Read(ref ByteReader reader)
    {
        var context = DotContext.Read(ref reader, out var replicas);
        var count = reader.ReadCount(5 + T.Bytes);
        var elements = Empty.Elements.ToBuilder();
        var dots = Empty._dots.ToBuilder();
        var bytes = 0;
        Payload? last = null;
        for (; count > 0; count--)
        {
            var element = LatticeEncoding.ReadPayload(reader.ReadBytes());
            if (last is { } previous && element <= previous)
            {
                throw new StateEncodingException("The elements of a set are out of order.");
            }

            last = element;
            var tags = new Tagged<T>[reader.ReadCount(2 + T.Bytes)];
            for (var i = 0; i < tags.Length; i++)
            {
                var index = reader.ReadVarint();
                var dot = new Dot(index < (ulong)replicas.Length ? replicas[index] : throw new StateEncodingException("An element of a set names a replica that is not there."), reader.ReadVarint());
                tags[i] = new Tagged<T>(dot, T.Read(ref reader));
                if (!context.Contains(dot) || (i > 0 && dot.CompareTo(tags[i - 1].Dot) <= 0) || !dots.TryAdd(dot, element))
                {
                    throw new StateEncodingException("The updates of an element of a set are not those of its context, or out of order.");
                }
            }

            elements.Add(element, tags.Length > 0 ? tags : throw new StateEncodingException("An element of a set is there by no update."));
            bytes += SizeOf(element, tags.Length);
        }

        return new DotStore<T>(elements.ToImmutable(), dots.ToImmutable(), context, bytes);
    }

    private DotStore<T> MergeIn(DotStore<T> other, DotContext context, List<Payload>? changed)
    {
        var elements = Elements.ToBuilder();
        var dots = _dots.ToBuilder();
        var bytes = _encodedBytes;

        // What the other has seen and does not show, it has seen go.
        var gone = new List<Dot>();
        if (other.Context.Count <= (ulong)_dots.Count)
        {
            foreach (var range in other.Context.Ranges)
            {
                for (var count = range.From; ; count++)
                {
                    AddIfGone(new Dot(range.Replica, count), other, gone);
                    if (count == range.To)
                    {
                        break;
                    }
                }
            }
        }
        else
        {
            foreach (var (dot, _) in _dots)
            {
                if (other.Context.Contains(dot))
                {
                    AddIfGone(dot, other, gone);
                }
            }
        }

        foreach (var dot in gone)
        {
            var element = _dots[dot];
            dots.Remove(dot);
            var left = Array.FindAll(elements[element], tag => tag.Dot != dot);
            bytes -= left.Length == 0 ? SizeOf(element, 1) : TagBytes;
            Set(elements, element, left);
            changed?.Add(element);
        }

        var adds = gone.Count > 0;
        foreach (var (dot, element) in other._dots)
        {
            // What this one has seen, it shows or has seen go.
            if (Context.Contains(dot))
            {
                continue;
            }

            dots.Add(dot, element);
            var tag = Array.Find(other.Elements[element], tag => tag.Dot == dot);
            if (elements.TryGetValue(element, out var known))
            {
                Tagged<T>[] more = [.. known, tag];
                Array.Sort(more, static (a, b) => a.Dot.CompareTo(b.Dot));
                elements[element] = more;
                bytes += TagBytes;
            }
            else
            {
                elements.Add(element, [tag]);
                bytes += SizeOf(element, 1);
            }

            changed?.Add(element);
            adds = true;
        }

        return adds || !ReferenceEquals(context, Context) ? new DotStore<T>(elements.ToImmutable(), dots.ToImmutable(), context, bytes) : this;
    }

    private void AddIfGone(Dot dot, DotStore<T> other, List<Dot> gone)
    {
        if (_dots.ContainsKey(dot) && !other._dots.ContainsKey(dot))
        {
            gone.Add(dot);
        }
    }

    private void See(Payload element, List<Dot> seen)
    {
        if (Elements.TryGetValue(element, out var tags))
        {
            foreach (var tag in tags)
            {
                seen.Add(tag.Dot);
            }
        }
    }

    private static void Set(ImmutableSortedDictionary<Payload, Tagged<T>[]>.Builder elements, Payload element, Tagged<T>[] tags)
    {
        if (tags.Length == 0)
        {
            elements.Remove(element);
        }
        else
        {
            elements[element] = tags;
        }
    }

    private static int TagBytes => 13 + T.Bytes;

    private static int SizeOf(Payload element, int tags) => ElementOverhead + element.Bytes.Length + (tags * TagBytes);
}
