using Shouldly;
using Virga.Topics.Clients;

namespace Virga.Topics.Tests.Clients;

public sealed class RoutingHashTests
{
    // The first two are what Java's String.hashCode gives; the third is its famous Integer.MIN_VALUE, whose sign is taken off.
    [Theory]
    [InlineData("hello", 99162322)]
    [InlineData("", 0)]
    [InlineData("polygenelubricants", 0)]
    [InlineData("Grüße", 69215351)]
    public void A_key_has_the_hash_that_Java_gives_a_string(string key, int expected) => RoutingHash.Of(key, RoutingHashKind.JavaString).ShouldBe(expected);

    [Theory]
    [InlineData("hello", 0x248bfa47)]
    [InlineData("", 0)]
    [InlineData("hello, world", 0x149bbb7f)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x2e4ff723)]
    public void A_key_has_the_hash_that_Murmur3_gives_its_bytes(string key, int expected) => RoutingHash.Of(key, RoutingHashKind.Murmur3).ShouldBe(expected);

    [Fact]
    public void A_key_keeps_to_one_partition_of_those_that_there_are()
    {
        for (var i = 0; i < 1000; i++)
        {
            var partition = RoutingHash.Partition($"key-{i}", 7, RoutingHashKind.JavaString);
            partition.ShouldBeInRange(0, 6);
            RoutingHash.Partition($"key-{i}", 7, RoutingHashKind.JavaString).ShouldBe(partition);
        }
    }
}
