using Microsoft.Win32.SafeHandles;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;
using static Virga.Topics.Tests.Ledgers.LedgerStoreContract;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>Room on disk is given back when ledgers are deleted.</summary>
public sealed class SegmentSpaceTests
{
    private const int Entries = 40;

    private static readonly SegmentLedgerOptions Small = new() { Directory = "", Durability = LedgerDurability.Interval, MinSegmentBytes = 64 << 10, MaxSegmentBytes = 64 << 10, ZeroesAhead = false };

    [Fact]
    public async Task Segments_whose_ledgers_are_all_deleted_are_removed()
    {
        await using var folder = new SegmentFolder { Options = Small };
        await folder.OpenAsync();
        for (var ledger = 1; ledger <= 5; ledger++)
        {
            await FillAsync(folder, ledger);
        }

        folder.Segments.Length.ShouldBeGreaterThan(5);
        for (var ledger = 1; ledger <= 5; ledger++)
        {
            await folder.Store.DeleteAsync(new LedgerId(ledger), SegmentFolder.Cancellation);
        }

        await folder.TidyAsync();

        folder.Segments.Length.ShouldBe(1);
        await folder.OpenAsync();
        await folder.TidyAsync();
        folder.Segments.ShouldBeEmpty();

        // Numbers go on all the same: the catalogue knows which come behind it.
        await folder.OpenAsync();
        await FillAsync(folder, 6);
        await folder.OpenAsync();
        await HasAsync(folder, 6);
    }

    [Fact]
    public void What_a_deleted_ledger_has_in_a_segment_is_known_while_those_before_it_have_no_index()
    {
        using var first = new Segment(1, 0, "first", new SafeFileHandle());
        using var second = new Segment(2, 0, "second", new SafeFileHandle());
        var ledger = new SegmentLedger(7, epoch: 1);
        ledger.Add(new Run { Segment = first, First = 0, Count = 2, Offset = 64, Length = 300, DataBytes = 200 });
        ledger.Add(new Run { Segment = second, First = 2, Count = 3, Offset = 64, Length = 400, DataBytes = 300 });

        ledger.RunsOf(second).Single().Count.ShouldBe(3);
        ledger.RunsOf(first).Single().Count.ShouldBe(2);
    }

    [Fact]
    public async Task Mostly_dead_segments_are_written_anew_without_what_is_dead()
    {
        await using var folder = new SegmentFolder { Options = Small };
        await folder.OpenAsync();
        await FillAsync(folder, [.. Enumerable.Range(1, 20)]);
        var before = SizeOf(folder);
        before.ShouldBeGreaterThan(20 * Entries * 1000);
        for (var ledger = 1; ledger <= 20; ledger++)
        {
            if (ledger % 10 != 3)
            {
                await folder.Store.DeleteAsync(new LedgerId(ledger), SegmentFolder.Cancellation);
            }
        }

        await folder.TidyAsync();

        SizeOf(folder).ShouldBeLessThan(before / 4, $"{string.Join(' ', folder.Segments.Select(static path => $"{Path.GetFileName(path)}:{new FileInfo(path).Length}"))}\n{folder.Said}");
        foreach (var again in new[] { false, true })
        {
            if (again)
            {
                await folder.OpenAsync();
            }

            await HasAsync(folder, 3);
            await HasAsync(folder, 13);
        }
    }

    [Fact]
    public async Task Who_reads_while_segments_are_written_anew_notices_nothing()
    {
        await using var folder = new SegmentFolder { Options = Small };
        await folder.OpenAsync();
        await FillAsync(folder, [.. Enumerable.Range(1, 20)]);
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            var rounds = 0;
            while (!stop.IsCancellationRequested || rounds == 0)
            {
                await HasAsync(folder, 7);
                rounds++;
            }
        }, SegmentFolder.Cancellation);

        for (var ledger = 1; ledger <= 20; ledger++)
        {
            if (ledger != 7)
            {
                await folder.Store.DeleteAsync(new LedgerId(ledger), SegmentFolder.Cancellation);
                await folder.TidyAsync();
            }
        }

        await stop.CancelAsync();
        await reading;
        folder.Segments.Length.ShouldBeLessThan(5);
    }

    [Fact]
    public async Task Many_small_segments_become_one()
    {
        await using var folder = new SegmentFolder { Options = Small with { MaxSegmentBytes = 1 << 20 } };
        for (var ledger = 1; ledger <= 12; ledger++)
        {
            await folder.OpenAsync();
            await using var writer = await folder.CreateAsync(ledger);
            await AppendAsync(writer, $"only {ledger}");
        }

        await folder.OpenAsync();
        await folder.TidyAsync();

        folder.Segments.Length.ShouldBeLessThan(8);
        for (var ledger = 1; ledger <= 12; ledger++)
        {
            (await folder.ReadAsync(ledger)).ShouldBe([$"only {ledger}"]);
        }
    }

    [Fact]
    public async Task A_crash_after_a_segment_was_written_anew_and_before_the_catalogue_says_so_loses_nothing()
    {
        await using var folder = new SegmentFolder { Options = Small };
        await folder.OpenAsync();
        await FillAsync(folder, [.. Enumerable.Range(1, 20)]);
        await folder.OpenAsync();
        await folder.TidyAsync();
        await using var before = folder.Copy();
        for (var ledger = 1; ledger < 20; ledger++)
        {
            await folder.Store.DeleteAsync(new LedgerId(ledger), SegmentFolder.Cancellation);
        }

        await folder.TidyAsync();
        await folder.CloseAsync();
        var anew = folder.Segments.Where(static path => !path.EndsWith("-0.log", StringComparison.Ordinal)).ToList();
        anew.ShouldNotBeEmpty();
        foreach (var path in anew)
        {
            File.Copy(path, Path.Combine(before.Path, Path.GetFileName(path)));
        }

        await before.OpenAsync();

        for (var ledger = 1; ledger <= 20; ledger++)
        {
            await HasAsync(before, ledger);
        }

        // Nor where the catalogue is lost, too.
        await before.CloseAsync();
        foreach (var path in anew)
        {
            File.Copy(path, Path.Combine(before.Path, Path.GetFileName(path)), overwrite: true);
        }

        File.Delete(Path.Combine(before.Path, SegmentFormat.CatalogueName));
        await before.OpenAsync();
        await HasAsync(before, 20);
    }

    // Their entries in turns, so that every segment has some of each.
    private static async Task FillAsync(SegmentFolder folder, params int[] ledgers)
    {
        var writers = await Task.WhenAll(ledgers.Select(ledger => folder.CreateAsync(ledger)));
        for (var i = 0; i < Entries; i++)
        {
            await Task.WhenAll(writers.Select(writer => Append(writer, $"{writer.Id}/{i} ".PadRight(2000)).End));
        }

        await Task.WhenAll(writers.Select(static writer => writer.CloseAsync(SegmentFolder.Cancellation).AsTask()));
    }

    private static async Task HasAsync(SegmentFolder folder, int ledger) =>
        (await folder.ReadAsync(ledger)).Select(static text => text.Trim()).ShouldBe(Enumerable.Range(0, Entries).Select(i => $"{ledger}/{i}"));

    private static long SizeOf(SegmentFolder folder) => folder.Segments.Sum(static path => new FileInfo(path).Length);
}
