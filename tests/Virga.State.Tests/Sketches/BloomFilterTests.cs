using FsCheck;
using FsCheck.Fluent;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

public sealed class BloomFilterTests
{
    [Theory]
    [InlineData(1000, 0.01)]
    [InlineData(3000, 0.1)]
    [InlineData(20_000, 0.001)]
    [InlineData(100, 0.02)]
    public void Wrong_answers_are_no_more_than_asked_for_when_it_is_full(int capacity, double falsePositives)
    {
        const int Probes = 200_000;
        var (bits, hashes) = BloomFilter.SizeFor(capacity, falsePositives);
        var filter = BloomFilter.Empty(bits, hashes).Addition(Streams.Hashes(1, capacity));
        Streams.Hashes(1, capacity).ShouldAllBe(hash => filter.Has(hash));

        var wrong = Streams.Hashes(2, Probes).Count(filter.Has);

        var expected = Probes * falsePositives;
        ((double)wrong).ShouldBeLessThan((expected * 1.05) + (4 * Math.Sqrt(expected)));
        filter.FalsePositives.ShouldBe((double)wrong / Probes, 0.3 * falsePositives);
        filter.Count().ShouldBe(capacity, capacity * 0.1);
    }

    [Fact]
    public void What_was_added_is_always_found() => Prop.ForAll<ulong[], byte>(static (hashes, size) =>
    {
        var filter = BloomFilter.Empty(BloomFilter.MinBits + (size % 4), 1 + (size % 7)).Addition(hashes);
        return Array.TrueForAll(hashes, filter.Has) && double.IsFinite(filter.Count());
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(200));

    [Fact]
    public void Filters_of_two_sizes_are_one_of_the_lesser() => Prop.ForAll<ulong[], ulong[]>(static (first, second) =>
    {
        var large = BloomFilter.Empty(14, 3).Addition(first);
        var small = BloomFilter.Empty(8, 3).Addition(second);
        var whole = Streams.Bytes(BloomFilter.Empty(8, 3).Addition([.. first, .. second]));
        return Streams.Bytes(large.Merge(small)) == whole && Streams.Bytes(small.Merge(large)) == whole;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(100));

    [Fact]
    public void Filters_of_which_one_sets_fewer_bits_of_a_value_still_find_all() => Prop.ForAll<ulong[], ulong[]>(static (first, second) =>
    {
        var merged = BloomFilter.Empty(10, 7).Addition(first).Merge(BloomFilter.Empty(12, 4).Addition(second));
        return Array.TrueForAll(first, merged.Has) && Array.TrueForAll(second, merged.Has);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(100));

    [Fact]
    public void A_large_filter_takes_memory_as_it_fills_and_says_only_what_changes()
    {
        var filter = BloomFilter.Empty(BloomFilter.MaxBits, 7);
        filter.MemoryBytes.ShouldBeLessThan(2000);
        filter.Merge(filter.Addition([1])).MemoryBytes.ShouldBeLessThan(20_000);
        filter.Addition([1]).EncodedBytes.ShouldBeLessThan(50);
    }

    [Fact]
    public void More_than_there_can_be_is_said() => BloomFilter.SizeFor(100_000_000, 0.001).Bits.ShouldBeGreaterThan(BloomFilter.MaxBits);
}
