using RabbitMQ.Client;
using Virga.Core.Problems;
using Virga.Testing;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.RabbitMq;
using Virga.Topics.Metadata.Sqlite;

namespace Virga.Topics.Tests.Ledgers.RabbitMq;

public sealed class RabbitMqLedgerStoreTests(RabbitMqFixture rabbit) : LedgerStoreContract, IClassFixture<RabbitMqFixture>
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-topics-").FullName;
    private readonly string _prefix = $"test-{Guid.NewGuid():n}.";
    private SqliteTopicMetadata? _metadata;

    private RabbitMqServer Server => rabbit.Server;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _metadata!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_another_node_has_confirmed_when_it_is_fenced_is_in_the_ledger()
    {
        await using var other = await OpenAsync();
        for (var round = 0; round < 5; round++)
        {
            await using var writer = await CreateAsync(1);
            var appends = new List<AwaitedAppend>();
            using var stop = new CancellationTokenSource();
            var appending = Task.Run(
                () =>
                {
                    try
                    {
                        while (!stop.IsCancellationRequested)
                        {
                            var append = new AwaitedAppend { Data = BytesOf($"entry {appends.Count}") };
                            writer.Append(append);
                            appends.Add(append);
                            if (appends.Count % 200 == 0)
                            {
                                append.End.Wait(Cancellation);
                            }
                        }
                    }
                    catch (Exception exception) when (exception is LedgerFencedException || exception.InnerException is LedgerFencedException)
                    {
                        // That is the end that was waited for.
                    }
                },
                Cancellation);
            await UntilAsync(() => writer.LastConfirmed >= round * 50);

            var end = await other.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation);
            await appending;

            var confirmed = await ConfirmedAsync(appends);
            end.LastEntry.ShouldBeGreaterThanOrEqualTo(confirmed);
            confirmed.ShouldBeGreaterThanOrEqualTo(round * 50);
            Should.Throw<LedgerFencedException>(() => writer.Append(new AwaitedAppend { Data = BytesOf("late") }));
            await Should.ThrowAsync<LedgerFencedException>(async () => await writer.CloseAsync(Cancellation));
            foreach (var store in new[] { Store, other })
            {
                var entries = new List<LedgerEntry>();
                await store.ReadAsync(writer.Id, 0, int.MaxValue, int.MaxValue, entries, Cancellation);
                entries.Select(TextOf).ShouldBe(Enumerable.Range(0, (int)end.Entries).Select(static i => $"entry {i}"));
                end.Bytes.ShouldBe(entries.Sum(static entry => entry.Data.Length));
            }
        }
    }

    [Fact]
    public async Task Owners_who_come_at_once_agree_on_one_end()
    {
        await using var other = await OpenAsync();
        for (var round = 0; round < 5; round++)
        {
            await using var writer = await CreateAsync(1);
            var append = Append(writer, "mine");
            for (var i = 0; i < 100; i++)
            {
                Append(writer, $"{i}");
            }

            await append.End;
            var recoveries = Enumerable.Range(2, 6).Select(epoch => Task.Run(
                async () =>
                {
                    try
                    {
                        return await (epoch % 2 == 0 ? Store : other).RecoverAsync(writer.Id, new WriterEpoch(epoch), Cancellation);
                    }
                    catch (LedgerFencedException)
                    {
                        return (LedgerEnd?)null;
                    }
                },
                Cancellation));

            var ends = (await Task.WhenAll(recoveries)).OfType<LedgerEnd>().Distinct().ToList();

            var end = ends.ShouldHaveSingleItem();
            (await ReadAsync(writer.Id, 0)).Count.ShouldBe((int)end.Entries);
        }
    }

    [Fact]
    public async Task What_stands_twice_in_a_stream_or_comes_from_elsewhere_is_read_once_or_not_at_all()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "b");
        await SendAsync(writer.Id, Record(1, 1, 0, 2, "b"), Record(1, 0, -1, 1, "a"), "not of a ledger"u8.ToArray(), Record(1, 7, 1, 9, "a gap"));
        await AppendAsync(writer, "c");
        await SendAsync(writer.Id, Record(1, 1, 0, 2, "b"), Record(1, 2, 1, 3, "c"));
        await AppendAsync(writer, "d", "e");
        await writer.DisposeAsync();

        (await Store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation)).ShouldBe(new LedgerEnd(4, 5));

        foreach (var first in new[] { 0, 3, 1, 4, 2 })
        {
            (await ReadAsync(writer.Id, first)).Select(TextOf).ShouldBe(new[] { "a", "b", "c", "d", "e" }[first..]);
        }
    }

    [Fact]
    public async Task What_was_sent_behind_a_fence_is_in_the_ledger_only_if_all_agree_on_it()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "b");

        // An owner that dies between its fence and its decision, and a predecessor that goes on writing without knowing.
        await SendAsync(writer.Id, new StreamRecord(StreamRecordKind.Fence, 2, 99, -1, 0).Bytes(""), Record(1, 2, 1, 3, "c"));
        await UntilAsync(() => Refuses(writer));

        var end = await Store.RecoverAsync(writer.Id, new WriterEpoch(3), Cancellation);

        await SendAsync(writer.Id, Record(1, end.Entries, end.LastEntry, end.Bytes + 1, "z"));
        (await Store.RecoverAsync(writer.Id, new WriterEpoch(4), Cancellation)).ShouldBe(end);
        (await ReadAsync(writer.Id, 0)).Select(TextOf).ShouldBe(new[] { "a", "b", "c" }[..(int)end.Entries]);
    }

    [Fact]
    public async Task A_changed_message_is_reported_and_not_read()
    {
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a");
        await writer.CloseAsync(Cancellation);
        await writer.DisposeAsync();
        var damaged = await CreateAsync(1);
        await damaged.DisposeAsync();
        var bytes = Record(1, 0, -1, 1, "a");
        bytes[^1] ^= 1;
        await SendAsync(damaged.Id, bytes, Record(1, 0, -1, 1, "a"));

        await Should.ThrowAsync<LedgerCorruptedException>(async () => await Store.RecoverAsync(damaged.Id, new WriterEpoch(2), Cancellation));
        (await ReadAsync(writer.Id, 0)).Select(TextOf).ShouldBe(["a"]);
    }

    [Fact]
    public async Task Reads_from_anywhere_find_their_entries()
    {
        const int seed = 20261125;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var text = new string('x', 2000);
        await using var writer = await CreateAsync(1);
        await Task.WhenAll(Enumerable.Range(0, 5000).Select(i => Append(writer, $"{i} {text}").End));

        // While it is written, then when it is closed: by one reader here and there, and by many at a time.
        await ReadHereAndThereAsync(writer.Id, new Random(random.Next()));
        await writer.CloseAsync(Cancellation);
        await writer.DisposeAsync();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ReadHereAndThereAsync(writer.Id, new Random(random.Next()))));
        (await ReadAsync(writer.Id, 0)).Count.ShouldBe(5000);
    }

    [Fact]
    public async Task Readers_that_nobody_uses_are_closed_and_opened_again()
    {
        await using var store = await OpenAsync(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30));
        await using var writer = await CreateAsync(1);
        await AppendAsync(writer, "a", "b");
        await writer.CloseAsync(Cancellation);
        async Task<int> CountAsync() => await store.ReadAsync(writer.Id, 0, 10, int.MaxValue, [], Cancellation);

        (await CountAsync()).ShouldBe(2);
        await UntilAsync(() => store.OpenReaders == 0);

        (await CountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task Nothing_acknowledged_is_lost_when_RabbitMQ_is_restarted()
    {
        await using var writer = await CreateAsync(1);
        await using var closed = await CreateAsync(1);
        await AppendAsync(closed, "a", "b");
        await closed.CloseAsync(Cancellation);
        (await ReadAsync(closed.Id, 0)).Count.ShouldBe(2);
        var appends = new List<AwaitedAppend>();
        void AppendMore(int count) => appends.AddRange(Enumerable.Range(appends.Count, count).Select(i => Append(writer, $"entry {i}")));
        AppendMore(2000);
        await UntilAsync(() => writer.LastConfirmed >= 500);

        await Server.CrashAsync();
        AppendMore(500);
        await Server.ResumeAsync();
        AppendMore(500);
        await Task.WhenAll(appends.Select(static append => append.End));

        var reading = Store.ReadAsync(closed.Id, 0, 10, int.MaxValue, [], Cancellation);
        (await writer.CloseAsync(Cancellation)).LastEntry.ShouldBe(2999);
        await writer.DisposeAsync();
        (await ReadAsync(writer.Id, 0)).Select(TextOf).ShouldBe(Enumerable.Range(0, 3000).Select(static i => $"entry {i}"));
        (await reading).ShouldBe(2);
        await using var next = await CreateAsync(1);
        await AppendAsync(next, "goes on");
    }

    [Fact]
    public async Task Appends_fail_cleanly_when_RabbitMQ_stays_away()
    {
        await using var store = await OpenAsync(TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(300));
        await using var writer = await store.CreateAsync(NextId(), new WriterEpoch(1), Cancellation);
        await AppendAsync(writer, "a");
        await Server.CrashAsync();

        var appends = new[] { Append(writer, "b"), Append(writer, "c") };

        foreach (var append in appends)
        {
            (await Should.ThrowAsync<LedgerStoreException>(append.End)).Message.ShouldContain("RabbitMQ at 127.0.0.1:");
        }

        writer.LastConfirmed.ShouldBe(0);
        Should.Throw<LedgerStoreException>(() => Append(writer, "d"));
        await Should.ThrowAsync<LedgerStoreException>(async () => await store.RecoverAsync(writer.Id, new WriterEpoch(2), Cancellation));
        await Server.ResumeAsync();
        (await Store.RecoverAsync(writer.Id, new WriterEpoch(3), Cancellation)).LastEntry.ShouldBeInRange(0, 2);
    }

    [Fact]
    public async Task A_RabbitMQ_that_cannot_be_used_is_said_when_it_is_opened()
    {
        foreach (var url in new[] { "amqp://guest:secret-word@127.0.0.1:1/", Server.Url.Replace("guest:guest", "guest:secret-word", StringComparison.Ordinal), Server.Url + "nowhere" })
        {
            await using var store = new RabbitMqLedgerStore(new RabbitMqLedgerOptions { Url = url }, _metadata!, TimeProvider.System);

            var failure = await Should.ThrowAsync<ProblemException>(async () => await store.OpenAsync(Cancellation));

            failure.Problem.Type.ShouldEndWith("ledgers-unavailable");
            failure.Problem.Detail!.ShouldStartWith("RabbitMQ at 127.0.0.1:");
            failure.Problem.Detail!.ShouldNotContain("secret-word");
        }
    }

    protected override async Task<ILedgerStore> OpenAsync() => await OpenAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30));

    private static byte[] Record(long epoch, long number, long lastConfirmed, long totalBytes, string text) =>
        new StreamRecord(StreamRecordKind.Entry, epoch, number, lastConfirmed, totalBytes).Bytes(text);

    private static bool Refuses(ILedgerWriter writer)
    {
        try
        {
            Append(writer, "late");
            return false;
        }
        catch (LedgerFencedException)
        {
            return true;
        }
    }

    private static async Task<long> ConfirmedAsync(List<AwaitedAppend> appends)
    {
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

        return confirmed;
    }

    private async Task ReadHereAndThereAsync(LedgerId id, Random random)
    {
        for (var i = 0; i < 15; i++)
        {
            var first = random.Next(5000);
            var count = random.Next(1, 300);
            var entries = new List<LedgerEntry>();

            (await Store.ReadAsync(id, first, count, int.MaxValue, entries, Cancellation)).ShouldBe(Math.Min(count, 5000 - first));

            entries.Select(static entry => entry.Id).ShouldBe(Enumerable.Range(first, entries.Count).Select(static number => (long)number));
            entries.ShouldAllBe(static entry => TextOf(entry).StartsWith($"{entry.Id} x", StringComparison.Ordinal));
        }
    }

    // Straight into the stream, as somebody else would.
    private async Task SendAsync(LedgerId id, params byte[][] messages)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(Server.Url) }.CreateConnectionAsync(Cancellation);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
        foreach (var message in messages)
        {
            await channel.BasicPublishAsync("", $"{_prefix}{id}", message, Cancellation);
        }
    }

    private async Task<RabbitMqLedgerStore> OpenAsync(TimeSpan idleReader, TimeSpan patience)
    {
        if (_metadata is null)
        {
            _metadata = new SqliteTopicMetadata(Path.Combine(_folder, "topics.db"));
            await _metadata.OpenAsync(Cancellation);
        }

        var store = new RabbitMqLedgerStore(new RabbitMqLedgerOptions { Url = Server.Url, QueuePrefix = _prefix, IdleReader = idleReader, Patience = patience }, _metadata, TimeProvider.System);
        await store.OpenAsync(Cancellation);
        return store;
    }
}
