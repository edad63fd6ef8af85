using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores.Embedded;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Stores.Embedded;

public sealed class EntryTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_finds_what_a_dictionary_finds(int seed)
    {
        var random = new Random(seed);
        var table = new EntryTable();
        var expected = new Dictionary<StateKey, StateEntry>();
        for (var i = 0; i < 20_000; i++)
        {
            var key = Key($"k{random.Next(500)}");
            if (expected.Remove(key, out var removed))
            {
                table.Remove(removed);
            }
            else
            {
                expected[key] = Entry(key);
                table.Add(expected[key]);
            }

            var asked = Key($"k{random.Next(500)}");
            table.TryGetValue(asked, out var found).ShouldBe(expected.ContainsKey(asked));
            found.ShouldBeSameAs(expected.GetValueOrDefault(asked));
        }

        Enumerable.Range(0, table.Capacity).Select(table.At).OfType<StateEntry>().ShouldBe(expected.Values, ignoreOrder: true);
        table.Capacity.ShouldBeLessThan(8 * 500);
    }

    [Fact]
    public async Task A_key_that_stays_is_found_by_readers_while_others_come_and_go()
    {
        var table = new EntryTable();
        var stable = Enumerable.Range(0, 50).Select(i => Entry(Key($"stable{i}"))).ToArray();
        Array.ForEach(stable, table.Add);
        var writing = Task.Run(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                var passing = Enumerable.Range(0, 200).Select(n => Entry(Key($"passing{i}/{n}"))).ToArray();
                Array.ForEach(passing, table.Add);
                Array.ForEach(passing, table.Remove);
            }
        }, TestContext.Current.CancellationToken);

        while (!writing.IsCompleted)
        {
            foreach (var entry in stable)
            {
                table.TryGetValue(entry.Key, out var found).ShouldBeTrue();
                found.ShouldBeSameAs(entry);
            }
        }

        await writing;
    }

    private static StateEntry Entry(StateKey key) => new(key, new StateRecord(default, null));
}
