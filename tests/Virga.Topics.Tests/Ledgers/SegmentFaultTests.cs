using Virga.Core.Problems;
using Virga.Core.Storage;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;
using static Virga.Topics.Tests.Ledgers.LedgerStoreContract;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>Disks that are full, fail, or lose what they were given.</summary>
public sealed class SegmentFaultTests
{
    private static readonly SegmentLedgerOptions Always = new() { Directory = "", MinSegmentBytes = 64 << 10, MaxSegmentBytes = 64 << 10, ZeroesAhead = false };
    private static readonly SegmentLedgerOptions Interval = Always with { Durability = LedgerDurability.Interval };

    [Fact]
    public async Task A_full_disk_refuses_appends_and_takes_them_again_when_there_is_room()
    {
        await using var folder = new SegmentFolder { Options = Always };
        await folder.OpenAsync();
        var writer = await folder.CreateAsync(1);
        await AppendAsync(writer, "before");

        folder.Disk.IsFull = true;
        var failure = await Should.ThrowAsync<LedgerStoreException>(Append(writer, "no room").End);
        DiskFaults.IsFull(failure.InnerException.ShouldBeOfType<IOException>()).ShouldBeTrue();
        failure.Message.ShouldContain("is full");
        await Should.ThrowAsync<LedgerStoreException>(folder.CreateAsync(2));
        (await folder.ReadAsync(1)).ShouldBe(["before"]);

        folder.Disk.IsFull = false;
        var other = await CreateSoonAsync(folder, 3);
        await AppendAsync(other, "after");
        Should.Throw<LedgerStoreException>(() => Append(writer, "I have failed"));
        (await folder.Store.RecoverAsync(new LedgerId(1), new WriterEpoch(2), SegmentFolder.Cancellation)).LastEntry.ShouldBe(0);
        await folder.OpenAsync();
        (await folder.ReadAsync(1)).ShouldBe(["before"]);
        (await folder.ReadAsync(3)).ShouldBe(["after"]);
    }

    [Fact]
    public async Task A_writer_that_had_nothing_under_way_goes_on_when_the_disk_does()
    {
        await using var folder = new SegmentFolder { Options = Always };
        await folder.OpenAsync();
        var failing = await folder.CreateAsync(1);
        var idle = await folder.CreateAsync(2);
        await AppendAsync(idle, "a");

        folder.Disk.IsFull = true;
        await Should.ThrowAsync<LedgerStoreException>(Append(failing, "no room").End);
        Should.Throw<LedgerStoreException>(() => Append(idle, "not queued"));
        folder.Disk.IsFull = false;
        await CreateSoonAsync(folder, 3);

        await AppendAsync(idle, "b");
        (await folder.ReadAsync(2)).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_synchronisation_that_failed_is_not_asked_for_again()
    {
        await using var folder = new SegmentFolder { Options = Always };
        await folder.OpenAsync();
        var writer = await folder.CreateAsync(1);
        await AppendAsync(writer, "a", "b");

        folder.Disk.FailingSynchronisations = 1;
        await Should.ThrowAsync<LedgerStoreException>(Append(writer, "lost").End);
        var other = await CreateSoonAsync(folder, 2);
        await AppendAsync(other, "c");

        (await folder.Store.RecoverAsync(new LedgerId(1), new WriterEpoch(2), SegmentFolder.Cancellation)).LastEntry.ShouldBe(1);
        folder.Disk.AskedAgain.ShouldBeEmpty();
        await folder.LosePowerAsync(null);
        (await folder.ReadAsync(1)).ShouldBe(["a", "b"]);
        (await folder.ReadAsync(2)).ShouldBe(["c"]);
    }

    [Fact]
    public async Task What_was_confirmed_and_then_lost_by_the_disk_is_written_again()
    {
        await using var folder = new SegmentFolder { Options = Interval };
        await folder.OpenAsync();
        var writer = await folder.CreateAsync(1);
        var other = await folder.CreateAsync(2);
        await UntilAsync(() => folder.Disk.IsSettled);

        folder.Disk.FailingSynchronisations = 1;
        await AppendAsync(writer, "a", "b");
        await AppendAsync(other, "c");
        await UntilAsync(() => folder.Disk.FailingSynchronisations == 0 && folder.Disk.IsSettled);
        await CreateSoonAsync(folder, 3);
        (await folder.ReadAsync(1)).ShouldBe(["a", "b"]);
        (await folder.ReadAsync(2)).ShouldBe(["c"]);

        await UntilAsync(() => folder.Disk.IsSettled);
        folder.Disk.AskedAgain.ShouldBeEmpty();
        await folder.LosePowerAsync(null);
        (await folder.ReadAsync(1)).ShouldBe(["a", "b"]);
        (await folder.ReadAsync(2)).ShouldBe(["c"]);
    }

    [Theory]
    [InlineData(LedgerDurability.Always)]
    [InlineData(LedgerDurability.Interval)]
    public async Task Who_appends_without_a_pause_keeps_nobody_from_closing(LedgerDurability durability)
    {
        await using var folder = new SegmentFolder { Options = Always with { Durability = durability } };
        await folder.OpenAsync();
        var restless = await folder.CreateAsync(1);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var next = new Action<long>(_ => { });
        next = _ =>
        {
            try
            {
                restless.Append(new AwaitedAppend { Data = "again"u8.ToArray(), WhenConfirmed = next });
            }
            catch (LedgerStoreException)
            {
                ended.SetResult();
            }
        };
        next(0);

        var other = await folder.CreateAsync(2);
        await AppendAsync(other, "a");
        (await other.CloseAsync(SegmentFolder.Cancellation)).LastEntry.ShouldBe(0);
        await folder.TidyAsync();
        await folder.CloseAsync();

        await ended.Task;
        await folder.OpenAsync();
        (await folder.Store.RecoverAsync(new LedgerId(1), new WriterEpoch(2), SegmentFolder.Cancellation)).LastEntry.ShouldBe(restless.LastConfirmed);
    }

    [Fact]
    public async Task A_segment_that_is_gone_is_missed()
    {
        await using var folder = new SegmentFolder { Options = Always with { MinSegmentBytes = 1 << 10, MaxSegmentBytes = 1 << 10 } };
        await folder.OpenAsync();
        await using (var writer = await folder.CreateAsync(1))
        {
            for (var i = 0; i < 6; i++)
            {
                await AppendAsync(writer, new string('x', 900));
            }
        }

        await folder.CloseAsync();
        await using var other = folder.Copy();
        File.Delete(other.Segments[^2]);
        File.Delete(Path.Combine(other.Path, SegmentFormat.CatalogueName));
        await using var catalogued = await SealedAsync();
        File.Delete(catalogued.Segments[1]);

        await other.OpenAsync();
        await catalogued.OpenAsync();

        foreach (var store in new[] { other.Store, catalogued.Store })
        {
            (await Should.ThrowAsync<LedgerCorruptedException>(async () => await store.RecoverAsync(new LedgerId(1), new WriterEpoch(2), SegmentFolder.Cancellation)))
                .Message.ShouldContain("are missing");
        }
    }

    [Fact]
    public async Task A_segment_that_is_gone_before_the_catalogue_knew_of_it_is_missed_when_the_store_opens()
    {
        // No room for the catalogue and indexes: the keeper does not get at them.
        await using var folder = new SegmentFolder { Options = Always with { MinSegmentBytes = 1 << 10, MaxSegmentBytes = 1 << 10 } };
        await folder.OpenAsync();
        folder.Disk.RefusedSuffix = SegmentFormat.IndexSuffix + SegmentFormat.UnfinishedSuffix;
        await using (var writer = await folder.CreateAsync(1))
        {
            for (var i = 0; i < 6; i++)
            {
                await AppendAsync(writer, new string('x', 900));
            }
        }

        await folder.CloseAsync();
        DurableFile.Write(folder.Disk, Path.Combine(folder.Path, SegmentFormat.CatalogueName), Catalogue.Write(1, [], []));
        File.Delete(folder.Segments[^2]);

        var problem = (await Should.ThrowAsync<ProblemException>(folder.OpenAsync())).Problem;

        problem.Slug.ShouldBe("ledgers-corrupted");
        problem.Detail!.ShouldContain("is missing");
    }

    [Fact]
    public async Task A_log_that_is_cut_off_anywhere_keeps_what_is_before()
    {
        await using var folder = new SegmentFolder { Options = Always };
        await folder.OpenAsync();
        await using (var writer = await folder.CreateAsync(1))
        {
            for (var i = 0; i < 6; i++)
            {
                await AppendAsync(writer, $"entry {i}");
            }
        }

        await folder.CloseAsync();
        var segment = folder.Segments.ShouldHaveSingleItem();
        var length = (int)new FileInfo(segment).Length;
        var counts = new HashSet<int>();
        for (var at = SegmentFormat.FileHeaderBytes; at < length; at += 7)
        {
            await using var copy = folder.Copy();
            using (var file = File.OpenHandle(copy.Segments[0], FileMode.Open, FileAccess.ReadWrite))
            {
                // As room that was taken ahead reads, and as a file that ends there.
                RandomAccess.Write(file, new byte[length - at], at);
                RandomAccess.SetLength(file, at % 2 == 0 ? length : at);
            }

            await copy.OpenAsync();

            if (await ListAsync(copy.Store) > 0)
            {
                var entries = await copy.ReadAsync(1);
                entries.ShouldBe(Enumerable.Range(0, entries.Count).Select(static i => $"entry {i}"));
                counts.Add(entries.Count);
            }
        }

        counts.Order().ShouldBe([0, 1, 2, 3, 4, 5, 6]);
    }

    [Fact]
    public async Task A_flipped_bit_in_the_log_is_reported_with_its_place()
    {
        await using var folder = new SegmentFolder { Options = Always };
        await folder.OpenAsync();
        await using (var writer = await folder.CreateAsync(1))
        {
            await AppendAsync(writer, "entry 0");
            await AppendAsync(writer, "entry 1");
        }

        await folder.CloseAsync();
        var bytes = await File.ReadAllBytesAsync(folder.Segments[0], SegmentFolder.Cancellation);
        for (var at = 0; at < bytes.Length - SegmentFormat.BatchHeaderBytes; at += 3)
        {
            await using var copy = folder.Copy();
            bytes[at] ^= 0x10;
            await File.WriteAllBytesAsync(copy.Segments[0], bytes, SegmentFolder.Cancellation);
            bytes[at] ^= 0x10;

            var problem = (await Should.ThrowAsync<ProblemException>(copy.OpenAsync(), $"byte {at}")).Problem;

            problem.Slug.ShouldBe("ledgers-corrupted");
            problem.Detail!.ShouldContain(copy.Segments[0]);
            problem.Detail!.ShouldContain("at byte ");
        }
    }

    [Fact]
    public async Task Damage_in_a_sealed_segment_is_reported_to_who_reads_it()
    {
        await using var folder = await SealedAsync();
        var damaged = folder.Segments.Single(static path => File.ReadAllBytes(path).AsSpan().IndexOf("1/5 "u8) >= 0);
        var bytes = await File.ReadAllBytesAsync(damaged, SegmentFolder.Cancellation);
        bytes[bytes.AsSpan().IndexOf("1/5 "u8)] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes, SegmentFolder.Cancellation);

        await folder.OpenAsync();

        var failure = await Should.ThrowAsync<LedgerCorruptedException>(folder.ReadAsync(1));
        failure.Message.ShouldContain("Entry 5 of ledger 1");
        failure.Message.ShouldContain(damaged);
        (await folder.ReadAsync(2)).Count.ShouldBe(100);
    }

    [Theory]
    [InlineData("*.index")]
    [InlineData("*.catalogue")]
    [InlineData("*.*e*")]
    public async Task What_only_helps_to_find_entries_can_be_lost(string pattern)
    {
        foreach (var removed in new[] { true, false })
        {
            await using var folder = await SealedAsync();
            var files = Directory.GetFiles(folder.Path, pattern);
            files.ShouldNotBeEmpty();
            foreach (var file in files)
            {
                if (removed)
                {
                    File.Delete(file);
                }
                else
                {
                    var bytes = await File.ReadAllBytesAsync(file, SegmentFolder.Cancellation);
                    bytes[bytes.Length / 2] ^= 4;
                    bytes[^20] ^= 4;
                    await File.WriteAllBytesAsync(file, bytes, SegmentFolder.Cancellation);
                }
            }

            await folder.OpenAsync();

            for (var ledger = 1; ledger <= 2; ledger++)
            {
                (await folder.ReadAsync(ledger)).Select(static text => text.Trim()).ShouldBe(Enumerable.Range(0, 100).Select(i => $"{ledger}/{i}"));
                (await folder.Store.RecoverAsync(new LedgerId(ledger), new WriterEpoch(2), SegmentFolder.Cancellation)).LastEntry.ShouldBe(99);
            }
        }
    }

    // Two ledgers in several segments that have an index and are in the catalogue.
    private static async Task<SegmentFolder> SealedAsync()
    {
        var folder = new SegmentFolder { Options = Always };
        await folder.OpenAsync();
        await using (var one = await folder.CreateAsync(1))
        await using (var two = await folder.CreateAsync(2))
        {
            for (var i = 0; i < 100; i += 5)
            {
                await Task.WhenAll(Enumerable.Range(i, 5).SelectMany(entry => new[] { Append(one, $"1/{entry} ".PadRight(2000)).End, Append(two, $"2/{entry} ".PadRight(2000)).End }));
            }
        }

        await folder.OpenAsync();
        await folder.TidyAsync();
        await folder.CloseAsync();
        return folder;
    }

    private static async Task<int> ListAsync(SegmentLedgerStore store)
    {
        var count = 0;
        await foreach (var _ in store.ListAsync(SegmentFolder.Cancellation))
        {
            count++;
        }

        return count;
    }

    private static async Task<ILedgerWriter> CreateSoonAsync(SegmentFolder folder, long id)
    {
        while (true)
        {
            try
            {
                return await folder.CreateAsync(id);
            }
            catch (LedgerStoreException)
            {
                // The disk is tried four times a second.
                await Task.Yield();
            }
        }
    }
}
