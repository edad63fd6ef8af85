using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Virga.Pulsar.Connections;

namespace Virga.Pulsar.Tests;

public sealed class EntryMemoryTests
{
    [Fact]
    public void What_was_taken_stays_as_it_was_written()
    {
        const int seed = 7;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var memory = new EntryMemory();
        var taken = new List<(Memory<byte> Room, byte Filling)>();
        for (var i = 0; i < 2000; i++)
        {
            var room = memory.Take(random.Next(20) == 0 ? random.Next(200_000) : random.Next(3000));
            room.Span.Fill((byte)i);
            taken.Add((room, (byte)i));
        }

        taken.FindIndex(static entry => entry.Room.Span.ContainsAnyExcept(entry.Filling)).ShouldBe(-1);
    }

    [Fact]
    public void Small_entries_share_arrays_that_grow_up_to_a_limit()
    {
        var memory = new EntryMemory();
        var arrays = new List<byte[]>();
        for (var i = 0; i < 1000; i++)
        {
            arrays.Add(ArrayOf(memory.Take(1024)));
        }

        // 1, 2, 4 ... 16 KB, and then 16 KB each.
        arrays.Distinct().Count().ShouldBe(5 + (int)Math.Ceiling((1000 - 31) / 16.0));
        arrays[^1].Length.ShouldBe(16 * 1024);
    }

    [Fact]
    public void A_single_entry_takes_no_more_than_its_bytes() => ArrayOf(new EntryMemory().Take(100)).Length.ShouldBe(100);

    [Fact]
    public void A_long_entry_has_an_array_of_its_own()
    {
        var memory = new EntryMemory();
        memory.Take(1024);
        var before = ArrayOf(memory.Take(1024));

        ArrayOf(memory.Take(20_000)).Length.ShouldBe(20_000);
        ArrayOf(memory.Take(1024)).ShouldBeSameAs(before);
    }

    [Fact]
    public void An_idle_producer_keeps_nothing()
    {
        var memory = new EntryMemory();
        var array = TakeAndForget(memory);

        GC.Collect();

        array.IsAlive.ShouldBeFalse();
        ArrayOf(memory.Take(100)).Length.ShouldBe(100);
    }

    // A method of its own: what its caller has on the stack would be kept.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference TakeAndForget(EntryMemory memory)
    {
        memory.Take(1024);
        return new WeakReference(ArrayOf(memory.Take(1024)));
    }

    private static byte[] ArrayOf(ReadOnlyMemory<byte> room)
    {
        MemoryMarshal.TryGetArray(room, out var segment).ShouldBeTrue();
        return segment.Array!;
    }
}
