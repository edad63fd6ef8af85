using FsCheck;
using FsCheck.Fluent;
using Virga.State.Keys;
using Virga.State.Lattices.Dots;

namespace Virga.State.Tests.Lattices.Dots;

public sealed class DotContextTests
{
    [Fact]
    public void A_context_is_the_set_of_its_dots() => Prop.ForAll<(byte, byte)[], (byte, byte)[]>(static (first, second) =>
    {
        var (a, b) = (Dots(first), Dots(second));
        var merged = DotContext.Of([.. a]).Merge(DotContext.Of([.. b]));
        var union = a.Union(b).ToHashSet();
        var directly = DotContext.Of([.. union]);
        return merged.Count == (ulong)union.Count
            && merged.Ranges.SequenceEqual(directly.Ranges)
            && Every.All(dot => merged.Contains(dot) == union.Contains(dot))
            && Replicas.All(replica => merged.Last(replica) == union.Where(dot => dot.Replica == replica).Select(static dot => dot.Count).DefaultIfEmpty().Max());
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void What_came_in_order_is_one_range_however_much_it_is()
    {
        var context = DotContext.Empty;
        for (ulong count = 1; count <= 1000; count++)
        {
            context = context.Merge(DotContext.Of([new Dot(Replicas[0], count)]));
        }

        context.Ranges.ToArray().ShouldBe([new DotRange(Replicas[0], 1, 1000)]);
    }

    private static readonly ReplicaId[] Replicas = [new(3), new(9)];

    private static readonly Dot[] Every = [.. Replicas.SelectMany(static replica => Enumerable.Range(1, 16).Select(count => new Dot(replica, (ulong)count)))];

    private static List<Dot> Dots((byte Replica, byte Count)[] pairs) => [.. pairs.Select(static pair => Every[((pair.Replica % 2) * 16) + (pair.Count % 16)]).Distinct()];
}
