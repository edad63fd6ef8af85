using Virga.Core.Resources;
using Virga.Telemetry.Metering;

namespace Virga.Telemetry.Tests;

public sealed class MeterJournalTests : IDisposable
{
    private const int Capacity = 16;
    private const int HeadBytes = 4096;
    private static readonly Guid Boot = Guid.NewGuid();

    private readonly TestData _data = new();
    private readonly FunctionVersion _hello = TestData.Version();

    public void Dispose() => _data.Dispose();

    private string Path => System.IO.Path.Combine(_data.Folder, "journal");

    [Fact]
    public void An_entry_that_was_cut_at_any_byte_is_skipped_and_all_others_are_found()
    {
        var before = Snapshot(calls: 4);
        var after = Snapshot(calls: 5);
        var cut = new byte[after.Length];
        var slot = HeadBytes + (4 * MeterSlot.Bytes);
        for (var bytes = 0; bytes <= MeterSlot.Bytes; bytes++)
        {
            // What the disk has of a slot is any part of it: here its beginning, or its end.
            foreach (var range in new[] { new Range(0, bytes), new Range(MeterSlot.Bytes - bytes, MeterSlot.Bytes) })
            {
                before.CopyTo(cut, 0);
                after.AsSpan(slot, MeterSlot.Bytes)[range].CopyTo(cut.AsSpan(slot, MeterSlot.Bytes)[range]);
                var isWhole = cut.AsSpan(slot, MeterSlot.Bytes).SequenceEqual(after.AsSpan(slot, MeterSlot.Bytes));
                Recovered(cut).ShouldBe(isWhole ? [0, 1, 2, 3, 4] : [0, 1, 2, 3]);
            }
        }
    }

    [Fact]
    public void An_entry_of_which_a_bit_has_changed_is_skipped()
    {
        var whole = Snapshot(calls: 1);
        for (var bit = 0; bit < (64 + "default/default/hello".Length) * 8; bit++)
        {
            whole[HeadBytes + (bit / 8)] ^= (byte)(1 << (bit % 8));
            Recovered(whole).ShouldBeEmpty();
            whole[HeadBytes + (bit / 8)] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_file_that_is_no_journal_or_of_another_size_is_replaced()
    {
        File.WriteAllText(Path, new string('x', HeadBytes + (Capacity * MeterSlot.Bytes)));
        using (var journal = MeterJournal.Open(Path, Capacity, Boot))
        {
            journal.IsClean.ShouldBeTrue();
            journal.TryAdd(_hello.Name, Entry(0)).ShouldBeTrue();
            journal.Seal();
        }

        using var smaller = MeterJournal.Open(Path, Capacity / 2, Boot);
        smaller.IsClean.ShouldBeTrue();
        smaller.Seal();
    }

    [Fact]
    public void A_journal_is_full_until_its_entries_are_released()
    {
        using var journal = MeterJournal.Open(Path, Capacity, Boot);
        for (var i = 0; i < Capacity; i++)
        {
            journal.TryAdd(_hello.Name, Entry(i)).ShouldBeTrue();
        }

        journal.TryAdd(_hello.Name, Entry(99)).ShouldBeFalse();
        List<long> read = [];
        journal.Read((_, in entry) => read.Add(entry.Amount));
        journal.TryAdd(_hello.Name, Entry(99)).ShouldBeFalse();
        journal.Release();
        journal.TryAdd(_hello.Name, Entry(Capacity)).ShouldBeTrue();
        journal.Read((_, in entry) => read.Add(entry.Amount));
        read.ShouldBe(Enumerable.Range(0, Capacity + 1).Select(static i => (long)i));
        journal.Seal();
        journal.TryAdd(_hello.Name, Entry(99)).ShouldBeFalse();
    }

    private static MeterEntry Entry(long amount) => new() { Hour = 500_000, Version = 3, Amount = amount, CpuMicroseconds = 7, BytesIn = 8, BytesOut = 9 };

    private byte[] Snapshot(int calls)
    {
        File.Delete(Path);
        using var journal = MeterJournal.Open(Path, Capacity, Boot);
        for (var i = 0; i < calls; i++)
        {
            journal.TryAdd(_hello.Name, Entry(i)).ShouldBeTrue();
        }

        journal.Seal();
        return File.ReadAllBytes(Path);
    }

    private List<long> Recovered(byte[] content)
    {
        File.WriteAllBytes(Path, content);
        using var journal = MeterJournal.Open(Path, Capacity, Boot);
        List<long> found = [];
        journal.Recover(0, (name, in entry) =>
        {
            System.Text.Encoding.ASCII.GetString(name).ShouldBe("default/default/hello");
            found.Add(entry.Amount);
        });
        journal.Seal();
        return found;
    }
}
