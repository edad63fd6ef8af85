using System.Globalization;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Sketches;

namespace Virga.State.Updates.Sketches;

/// <summary><c>{"bloom":{"add":["a"],"merge":["BASE64"],"capacity":100000,"falsePositives":0.01}}</c></summary>
internal sealed class BloomUpdate(ulong[] hashes, IReadOnlyList<BloomFilter> merged, (int Bits, int Hashes)? size)
    : MergingSketchUpdate<BloomFilter>(LatticeKind.Bloom, hashes.Length, merged)
{
    private const int DefaultCapacity = 100_000;
    private const double DefaultFalsePositives = 0.01;

    public static BloomUpdate Read(JsonPlace place)
    {
        var members = SketchMembers.Read(place, "add", "merge", "capacity", "falsePositives");
        var capacity = members.Integer("capacity", 1, int.MaxValue);
        var falsePositives = members.Share("falsePositives", 1e-6, 0.5);
        (int, int)? size = capacity is null && falsePositives is null ? null : SizeFor(place, capacity ?? DefaultCapacity, falsePositives ?? DefaultFalsePositives);
        return new BloomUpdate(members.Hashes(), members.Merged<BloomFilter>(LatticeKind.Bloom), size);
    }

    protected override BloomFilter Begin()
    {
        var (bits, each) = size ?? BloomFilter.SizeFor(DefaultCapacity, DefaultFalsePositives);
        return BloomFilter.Empty(bits, each);
    }

    protected override void CheckSize(BloomFilter held)
    {
        if (size is { } said && said != (held.Bits, held.Hashes))
        {
            throw OtherSize(string.Create(CultureInfo.InvariantCulture, $"of 2^{held.Bits} bits, {held.Hashes} for each value"));
        }
    }

    protected override BloomFilter Addition(BloomFilter held, in MutationContext context) => held.Addition(hashes);

    private static (int Bits, int Hashes) SizeFor(JsonPlace place, int capacity, double falsePositives) =>
        BloomFilter.SizeFor(capacity, falsePositives) is var size && size.Bits <= BloomFilter.MaxBits
            ? size
            : throw place.Refuse("a filter for so many values with so few wrong answers would take more than 8 MiB.");
}
