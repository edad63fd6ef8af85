using System.Text;
using Virga.Topics.Ledgers;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>What every store of ledgers promises; each implementation passes it.</summary>
public abstract class LedgerStoreContract : IAsyncLifetime
{
    private static long _ledgers;

    protected ILedgerStore Store { get; private set; } = null!;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens a store on what the test has stored.</summary>
    protected abstract Task<ILedgerStore> OpenAsync();

    [Fact]
    public async Task Entries_are_read_as_they_were_appended()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "", "c");

        var entries = await ReadAsync(writer.Id, 0);

        entries.Select(static entry => entry.Id).ShouldBe([0, 1, 2]);
        entries.Select(TextOf).ShouldBe(["a", "", "c"]);
    }

    [Fact]
    public async Task Appends_are_confirmed_in_their_order()
    {
        await using var writer = await CreateAsync(1);
        var confirmed = new List<long>();
        var appends = Enumerable.Range(0, 500).Select(i => new AwaitedAppend { Data = BytesOf(i), WhenConfirmed = confirmed.Add }).ToArray();

        foreach (var append in appends)
        {
            writer.Append(append);
        }

        appends.Select(static append => append.EntryId).ShouldBe(Enumerable.Range(0, 500).Select(static i => (long)i));
        await Task.WhenAll(appends.Select(static append => append.End));
        confirmed.ShouldBe(Enumerable.Range(0, 500).Select(static i => (long)i));
        writer.LastConfirmed.ShouldBe(499);
    }

    [Fact]
    public async Task What_is_confirmed_can_be_read_at_once()
    {
        await using var writer = await CreateAsync(1);
        for (var i = 0; i < 50; i++)
        {
            await AppendAsync(writer, $"entry {i}");

            var entries = await ReadAsync(writer.Id, i);

            entries.Select(TextOf).ShouldBe([$"entry {i}"]);
        }
    }

    [Fact]
    public async Task A_new_ledger_is_empty()
    {
        await using var writer = await CreateAsync(1);

        writer.LastConfirmed.ShouldBe(-1);
        writer.PendingBytes.ShouldBe(0);
        (await ReadAsync(writer.Id, 0)).ShouldBeEmpty();
        (await writer.CloseAsync(Cancellation)).ShouldBe(new LedgerEnd(-1, 0));
    }

    [Fact]
    public async Task Nothing_is_read_behind_the_last_entry()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "b");

        (await ReadAsync(writer.Id, 2)).ShouldBeEmpty();
        (await ReadAsync(writer.Id, 1_000_000)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_read_adds_no_more_entries_than_asked_for_behind_what_the_list_holds()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, [.. Enumerable.Range(0, 20).Select(static i => $"{i}")]);
        List<LedgerEntry> into = [new LedgerEntry(77, ReadOnlyMemory<byte>.Empty)];

        var count = await Store.ReadAsync(writer.Id, 5, 3, int.MaxValue, into, Cancellation);

        count.ShouldBe(3);
        into.Select(static entry => entry.Id).ShouldBe([77, 5, 6, 7]);
    }

    [Fact]
    public async Task A_read_ends_with_the_entry_that_reaches_the_limit_of_bytes_and_gives_one_at_least()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, [.. Enumerable.Repeat(new string('x', 1000), 20)]);

        (await ReadAsync(writer.Id, 0, maxBytes: 2500)).Count.ShouldBe(3);
        (await ReadAsync(writer.Id, 0, maxBytes: 2000)).Count.ShouldBe(2);
        (await ReadAsync(writer.Id, 7, maxBytes: 1)).Select(static entry => entry.Id).ShouldBe([7]);
    }

    [Fact]
    public async Task What_was_read_stays_as_it_is()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "first", "second");
        var early = await ReadAsync(writer.Id, 0);

        for (var i = 0; i < 100; i++)
        {
            await AppendAsync(writer, $"later {i}");
            await ReadAsync(writer.Id, 0);
        }

        early.Select(TextOf).ShouldBe(["first", "second"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    [InlineData(5 << 20)]
    public async Task Entries_have_any_size(int size)
    {
        var random = new Random(size);
        var data = Enumerable.Range(0, 3).Select(_ => new byte[size]).ToArray();
        Array.ForEach(data, random.NextBytes);
        await using var writer = await CreateAsync(1);

        await Task.WhenAll(data.Select(bytes => Append(writer, bytes).End));

        // Two reads: a whole one, and one that begins in the middle.
        foreach (var first in new[] { 0, 1 })
        {
            var read = await ReadAsync(writer.Id, first);
            read.Count.ShouldBe(data.Length - first);
            for (var i = first; i < data.Length; i++)
            {
                read[i - first].Data.Span.SequenceEqual(data[i]).ShouldBeTrue($"entry {i} of {size} bytes");
            }
        }
    }

    [Fact]
    public async Task Writers_of_many_ledgers_do_not_mix()
    {
        const int ledgers = 20;
        const int entries = 100;
        var ids = await Task.WhenAll(Enumerable.Range(0, ledgers).Select(async number =>
        {
            await using var writer = await CreateAsync(1);
            for (var i = 0; i < entries; i += 10)
            {
                await AppendAsync(writer, [.. Enumerable.Range(i, 10).Select(entry => $"{number}/{entry}")]);
            }

            return writer.Id;
        }));

        for (var number = 0; number < ledgers; number++)
        {
            (await ReadAsync(ids[number], 0)).Select(TextOf).ShouldBe(Enumerable.Range(0, entries).Select(entry => $"{number}/{entry}"));
        }
    }

    [Fact]
    public async Task Bytes_wait_until_they_are_confirmed()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "abc");
        await AppendAsync(writer, "defg");

        writer.PendingBytes.ShouldBe(0);
    }

    [Fact]
    public async Task Closing_waits_for_what_was_appended_and_ends_the_ledger()
    {
        await using var writer = await CreateAsync(1);
        var append = Append(writer, "abc");
        var other = Append(writer, "defg");

        var end = await writer.CloseAsync(Cancellation);

        append.End.IsCompletedSuccessfully.ShouldBeTrue();
        other.End.IsCompletedSuccessfully.ShouldBeTrue();
        end.ShouldBe(new LedgerEnd(1, 7));
        end.Entries.ShouldBe(2);
        Should.Throw<LedgerStoreException>(() => writer.Append(new AwaitedAppend { Data = BytesOf("late") }));
        (await ReadAsync(writer.Id, 0)).Select(TextOf).ShouldBe(["abc", "defg"]);
    }

    [Fact]
    public async Task A_closed_ledger_is_recovered_as_it_is()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "abc");
        var end = await writer.CloseAsync(Cancellation);

        (await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation)).ShouldBe(end);
        await RestartAsync();
        (await Store.RecoverAsync(writer.Id, new WriterEpoch(3), Cancellation)).ShouldBe(end);
        (await ReadAsync(writer.Id, 0)).Select(TextOf).ShouldBe(["abc"]);
    }

    [Fact]
    public async Task A_ledger_is_made_once()
    {
        await using var writer = await CreateAsync(1);

        await Should.ThrowAsync<LedgerStoreException>(async () => await Store.CreateAsync(writer.Id, new WriterEpoch(2), Cancellation));

        await AppendAsync(writer, "still mine");
    }

    [Fact]
    public async Task A_fenced_writer_is_refused()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "mine");

        var end = await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation);

        end.ShouldBe(new LedgerEnd(0, 4));
        await RefusedAsync<LedgerFencedException>(writer);
        (await ReadAsync(writer.Id, 0)).Select(TextOf).ShouldBe(["mine"]);
    }

    [Fact]
    public async Task A_fenced_writer_cannot_close_what_another_has_closed()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "mine");
        var end = await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation);

        await Should.ThrowAsync<LedgerFencedException>(async () => await writer.CloseAsync(Cancellation));

        (await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation)).ShouldBe(end);
    }

    [Fact]
    public async Task Who_comes_with_an_older_epoch_is_refused()
    {
        await using var writer = await CreateAsync(5);
        await AppendAsync(writer, "mine");

        await Should.ThrowAsync<LedgerFencedException>(async () => await Store.RecoverAsync(writer.Id, new WriterEpoch(4), Cancellation));

        await AppendAsync(writer, "still mine");
        (await Store.RecoverAsync(writer.Id, new WriterEpoch(7), Cancellation)).LastEntry.ShouldBe(1);
        await Should.ThrowAsync<LedgerFencedException>(async () => await Store.RecoverAsync(writer.Id, new WriterEpoch(6), Cancellation));
    }

    [Fact]
    public async Task What_is_confirmed_while_a_ledger_is_taken_over_is_in_it()
    {
        for (var round = 0; round < 10; round++)
        {
            await using var writer = await CreateAsync(1);
            var appends = new List<AwaitedAppend>();
            var appending = Task.Run(() =>
            {
                try
                {
                    while (true)
                    {
                        var append = new AwaitedAppend { Data = BytesOf($"entry {appends.Count}") };
                        writer.Append(append);
                        appends.Add(append);
                        if (appends.Count % 100 == 0)
                        {
                            append.End.Wait(Cancellation);
                        }
                    }
                }
                catch (LedgerFencedException)
                {
                    // That is the end that was waited for.
                }
                catch (AggregateException e) when (e.InnerException is LedgerFencedException)
                {
                    // The same, of an append that was under way.
                }
            }, Cancellation);
            await UntilAsync(() => writer.LastConfirmed >= round * 10);

            var end = await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation);
            await appending;

            var confirmed = -1L;
            for (var i = 0; i < appends.Count; i++)
            {
                if (await Task.WhenAny(appends[i].End) is { IsCompletedSuccessfully: true })
                {
                    confirmed.ShouldBe(i - 1, "those that are confirmed have no gap");
                    confirmed = i;
                }
                else
                {
                    appends[i].End.Exception!.InnerException.ShouldBeOfType<LedgerFencedException>();
                }
            }

            end.LastEntry.ShouldBeGreaterThanOrEqualTo(confirmed);
            var entries = await ReadAsync(writer.Id, 0);
            entries.Select(TextOf).ShouldBe(Enumerable.Range(0, (int)end.Entries).Select(static i => $"entry {i}"));
            end.Bytes.ShouldBe(entries.Sum(static entry => entry.Data.Length));
        }
    }

    [Fact]
    public async Task An_open_ledger_is_recovered_after_a_restart()
    {
        var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "bb", "ccc");
        await writer.DisposeAsync();

        await RestartAsync();

        (await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation)).ShouldBe(new LedgerEnd(2, 6));
        (await ReadAsync(writer.Id, 1)).Select(TextOf).ShouldBe(["bb", "ccc"]);
    }

    [Fact]
    public async Task A_writer_that_is_gone_leaves_its_ledger_open()
    {
        var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "bb");
        await writer.DisposeAsync();

        Should.Throw<LedgerStoreException>(() => writer.Append(new AwaitedAppend { Data = BytesOf("late") }));
        (await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation)).ShouldBe(new LedgerEnd(1, 3));
    }

    [Fact]
    public async Task A_ledger_that_was_closed_stays_so_after_a_restart()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "bb");
        await writer.CloseAsync(Cancellation);

        await RestartAsync();

        (await ReadAsync(writer.Id, 0)).Select(TextOf).ShouldBe(["a", "bb"]);
        await Should.ThrowAsync<LedgerStoreException>(async () => await Store.CreateAsync(writer.Id, new WriterEpoch(2), Cancellation));
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        var id = NextId();

        await Should.ThrowAsync<LedgerNotFoundException>(async () => await ReadAsync(id, 0));
        await Should.ThrowAsync<LedgerNotFoundException>(async () => await Store.RecoverAsync(id, new WriterEpoch(1), Cancellation));
        await Store.DeleteAsync(id, Cancellation);
    }

    [Fact]
    public async Task A_deleted_ledger_is_gone_also_after_a_restart()
    {
        await using var writer = await CreateAsync(1);
        await using var other = await CreateAsync(1);
        await AppendAsync(writer, "a");
        await AppendAsync(other, "b");
        await writer.CloseAsync(Cancellation);
        await other.CloseAsync(Cancellation);

        await Store.DeleteAsync(writer.Id, Cancellation);

        await Should.ThrowAsync<LedgerNotFoundException>(async () => await ReadAsync(writer.Id, 0));
        await RestartAsync();
        await Should.ThrowAsync<LedgerNotFoundException>(async () => await ReadAsync(writer.Id, 0));
        (await ReadAsync(other.Id, 0)).Select(TextOf).ShouldBe(["b"]);
        (await ListAsync()).ShouldBe([other.Id]);
    }

    [Fact]
    public async Task A_ledger_that_is_deleted_takes_no_more_entries()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a");

        await Store.DeleteAsync(writer.Id, Cancellation);

        await RefusedAsync<LedgerStoreException>(writer);
        (await ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task All_ledgers_are_listed_open_and_closed()
    {
        await using var open = await CreateAsync(1);
        await using var closed = await CreateAsync(1);
        await closed.CloseAsync(Cancellation);

        (await ListAsync()).Order().ShouldBe([open.Id, closed.Id]);
        await RestartAsync();
        (await ListAsync()).Order().ShouldBe([open.Id, closed.Id]);
    }

    /// <summary>Ends the store as an orderly stop does, and opens it again.</summary>
    private protected async Task RestartAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAsync();
    }

    private protected static LedgerId NextId() => new(Interlocked.Increment(ref _ledgers));

    private protected ValueTask<ILedgerWriter> CreateAsync(long epoch) => Store.CreateAsync(NextId(), new WriterEpoch(epoch), Cancellation);

    internal static AwaitedAppend Append(ILedgerWriter writer, string text) => Append(writer, BytesOf(text));

    internal static AwaitedAppend Append(ILedgerWriter writer, ReadOnlyMemory<byte> data)
    {
        var append = new AwaitedAppend { Data = data };
        writer.Append(append);
        return append;
    }

    internal static Task AppendAsync(ILedgerWriter writer, params string[] texts) => Task.WhenAll(texts.Select(text => Append(writer, text).End));

    /// <summary>All entries from one on, by as many reads as it takes.</summary>
    private protected async Task<List<LedgerEntry>> ReadAsync(LedgerId id, long first, int maxBytes = int.MaxValue)
    {
        var entries = new List<LedgerEntry>();
        while (await Store.ReadAsync(id, first + entries.Count, int.MaxValue, maxBytes, entries, Cancellation) > 0 && maxBytes == int.MaxValue)
        {
        }

        entries.Select(static entry => entry.Id).ShouldBe(Enumerable.Range(0, entries.Count).Select(i => first + i));
        return entries;
    }

    private protected async Task<List<LedgerId>> ListAsync()
    {
        var ids = new List<LedgerId>();
        await foreach (var id in Store.ListAsync(Cancellation))
        {
            ids.Add(id);
        }

        return ids;
    }

    private protected static byte[] BytesOf(object value) => Encoding.UTF8.GetBytes($"{value}");

    internal static string TextOf(LedgerEntry entry) => Encoding.UTF8.GetString(entry.Data.Span);

    // At once or by its end: which of the two depends on how soon the writer hears of it.
    private static async Task RefusedAsync<T>(ILedgerWriter writer)
        where T : LedgerStoreException
    {
        var append = new AwaitedAppend { Data = BytesOf("late") };
        await Should.ThrowAsync<T>(async () =>
        {
            writer.Append(append);
            await append.End;
        });
    }

    internal static async Task UntilAsync(Func<bool> condition)
    {
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            deadline.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }
    }
}
