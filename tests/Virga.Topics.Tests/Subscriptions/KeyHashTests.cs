using System.Text;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class KeyHashTests
{
    // Values of MurmurHash3_x86_32 with seed 0, as published with its reference implementation, without the sign.
    [Theory]
    [InlineData("", 0u)]
    [InlineData("a", 0x3c2569b2u)]
    [InlineData("aa", 0x371091a9u)]
    [InlineData("abc", 0xb3dd93fau)]
    [InlineData("abcd", 0x43ed676au)]
    [InlineData("test", 0xba6bd213u)]
    [InlineData("Hello, world!", 0xc0363e43u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x2e4ff723u)]
    public void A_key_has_the_hash_that_other_brokers_give_it(string key, uint hash) =>
        KeyHash.Of(Encoding.UTF8.GetBytes(key)).ShouldBe((int)(hash & int.MaxValue));

    [Fact]
    public void An_entry_without_a_key_has_a_slot_by_its_producer_and_number()
    {
        var header = new MessageHeader { Producer = Encoding.UTF8.GetBytes("p"), SequenceId = 42 };
        KeyHash.SlotOf(header).ShouldBe(KeyHash.Of("p-42"u8) % KeyHash.Slots);
        var other = new MessageHeader { Producer = Encoding.UTF8.GetBytes(new string('x', 4000)), SequenceId = long.MaxValue };
        KeyHash.SlotOf(other).ShouldBe(KeyHash.Of(Encoding.UTF8.GetBytes($"{new string('x', 4000)}-{long.MaxValue}")) % KeyHash.Slots);
    }

    [Fact]
    public void An_empty_key_is_a_key()
    {
        var header = new MessageHeader { Producer = Encoding.UTF8.GetBytes("p"), SequenceId = 42, HasKey = true };
        KeyHash.SlotOf(header).ShouldBe(KeyHash.Of([]) % KeyHash.Slots);
    }
}
