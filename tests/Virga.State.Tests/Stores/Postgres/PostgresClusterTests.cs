using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Stores;
using Virga.State.Stores.Postgres;
using Virga.State.Tests.Support;
using Virga.State.Time;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Stores.Postgres;

/// <summary>Several nodes on one database, and a database that fails.</summary>
public sealed class PostgresClusterTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private readonly ShiftedTime _time = new();
    private readonly List<PostgresStateStore> _stores = [];
    private string _database = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await postgres.Server.CreateDatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task Nodes_that_start_at_the_same_time_make_the_schema_once()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync()));

        await stores[0].MergeAsync([new(Key("a"), Count(1, 1))], Cancellation);
        CountOf((await stores[3].FindAsync([Key("a")], Cancellation))[0]).ShouldBe(1);
    }

    [Fact]
    public async Task Counters_that_two_nodes_increment_end_exact()
    {
        const int increments = 60;
        var stores = new[] { await OpenAsync(), await OpenAsync() };

        await Task.WhenAll(stores.SelectMany((store, node) => Enumerable.Range(1, 3).Select(writer => Task.Run(async () =>
        {
            var replica = (node * 10) + writer;
            for (var i = 1; i <= increments; i++)
            {
                // The keys come in another order each time.
                StateDelta[] deltas = [new(Key("a"), Count(replica, i)), new(Key("b"), Count(replica, i)), new(Key($"c{i % 3}"), Count(replica, i))];
                new Random(replica + i).Shuffle(deltas);
                await store.MergeAsync(deltas, Cancellation);
            }
        }))));

        var found = await stores[0].FindAsync([Key("a"), Key("b")], Cancellation);
        found.Select(CountOf).ShouldBe([6 * increments, 6 * increments]);
    }

    [Fact]
    public async Task A_batch_is_seen_whole_or_not_at_all()
    {
        var writer = await OpenAsync();
        var reader = await OpenAsync();
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i <= 100; i++)
            {
                await writer.MergeAsync([new(Key("x"), Count(1, i)), new(Key("y"), Count(1, i)), new(Key("z"), Count(1, i))], Cancellation);
            }
        }, Cancellation);

        while (!writing.IsCompleted)
        {
            var found = await reader.FindAsync([Key("x"), Key("y"), Key("z")], Cancellation);
            found.Select(CountOf).Distinct().Count().ShouldBe(1);
        }

        await writing;
    }

    [Fact]
    public async Task Of_conditional_puts_from_two_nodes_exactly_one_holds()
    {
        var stores = new[] { await OpenAsync(), await OpenAsync() };
        for (var round = 0; round < 20; round++)
        {
            var held = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(async () =>
                (await stores[i % 2].MutateIfAsync(Key($"k{round}"), new StateCondition(StateVersion.Absent), Put($"{i}"), Context(i + 1), Cancellation)).Held)));

            held.Count(one => one).ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_node_hears_of_what_another_writes()
    {
        var writer = await OpenAsync();
        var reader = await OpenAsync(options => options with { FeedPoll = TimeSpan.FromMinutes(1) });
        var cursor = await reader.CursorAsync(Cancellation);
        await WriteUntilAsync(writer, reader.ChangesAsync(Scope.Default, "a", cursor, 10, TimeSpan.FromMinutes(1), Cancellation).AsTask());
    }

    [Fact]
    public async Task The_feed_waits_for_older_transactions_and_then_lacks_nothing()
    {
        var store = await OpenAsync();
        var cursor = await store.CursorAsync(Cancellation);
        await using var connection = new NpgsqlConnection(_database + ";Pooling=false");
        await connection.OpenAsync(Cancellation);

        // An older writer that commits after a younger one.
        await using var older = await connection.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(connection, $"INSERT INTO virga.state VALUES ('default', 'default', 'older', '\\x{Convert.ToHexString(Binary.RecordEncoding.ToBytes(Count(7, 1)))}', 1, true, 3, NULL, pg_current_xact_id()::text::bigint)");
        await store.MergeAsync([new(Key("younger"), Count(1, 1))], Cancellation);
        var early = await store.ChangesAsync(Scope.Default, "", cursor, 10, TimeSpan.Zero, Cancellation);
        early.Items.ShouldBeEmpty();
        await older.CommitAsync(Cancellation);

        var changes = await store.ChangesAsync(Scope.Default, "", early.Cursor, 10, TimeSpan.FromSeconds(20), Cancellation);

        changes.Items.Select(item => item.Key.Text).ShouldBe(["older", "younger"]);
    }

    [Fact]
    public async Task However_many_keys_expire_one_sweep_deletes_and_another_forgets_them()
    {
        const int keys = 2500;
        var store = await OpenAsync(options => options with { SweepPeriod = TimeSpan.FromDays(1), TombstoneRetention = TimeSpan.FromMinutes(5) });
        await store.MergeAsync([.. Enumerable.Range(0, keys).Select(i => new StateDelta(Key($"k{i}"), Put("1", TimeSpan.FromSeconds(30)).Delta(null, Context(1))))], Cancellation);
        _time.Advance(TimeSpan.FromMinutes(1));
        await store.MergeAsync([new(Key("later"), Put("2").Delta(null, Context(1)))], Cancellation);

        await store.SweepAsync(Cancellation);
        (await store.FindAsync([.. Enumerable.Range(0, keys).Select(i => Key($"k{i}"))], Cancellation)).ShouldAllBe(record => record != null && record.Value == null);

        _time.Advance(TimeSpan.FromMinutes(6));
        await store.SweepAsync(Cancellation);
        (await store.FindAsync([.. Enumerable.Range(0, keys).Select(i => Key($"k{i}"))], Cancellation)).ShouldAllBe(record => record == null);
        TextOf((await store.FindAsync([Key("later")], Cancellation))[0]).ShouldBe("2");
    }

    [Fact]
    public async Task Expired_keys_are_deleted_and_their_deletions_forgotten_later()
    {
        var store = await OpenAsync(options => options with { SweepPeriod = TimeSpan.FromDays(1), TombstoneRetention = TimeSpan.FromMinutes(5) });
        var before = await store.CursorAsync(Cancellation);
        await store.MergeAsync([new(Key("a"), Put("1", TimeSpan.FromSeconds(30)).Delta(null, Context(1))), new(Key("b"), Put("2").Delta(null, Context(1)))], Cancellation);

        _time.Advance(TimeSpan.FromMinutes(1));
        await store.SweepAsync(Cancellation);
        (await store.FindAsync([Key("a")], Cancellation))[0].ShouldNotBeNull().Value.ShouldBeNull();

        _time.Advance(TimeSpan.FromMinutes(6));
        await store.SweepAsync(Cancellation);
        var found = await store.FindAsync([Key("a"), Key("b")], Cancellation);
        found[0].ShouldBeNull();
        TextOf(found[1]).ShouldBe("2");
        var exception = await Should.ThrowAsync<ProblemException>(async () => await store.ChangesAsync(Scope.Default, "", before, 10, TimeSpan.Zero, Cancellation));
        exception.Problem.Slug.ShouldBe("changes-lost");
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_fails_and_can_be_repeated()
    {
        var store = await OpenAsync(options => options with { StatementTimeout = TimeSpan.FromSeconds(1) });
        await store.MergeAsync([new(Key("a"), Count(1, 1))], Cancellation);
        await using var connection = new NpgsqlConnection(_database + ";Pooling=false");
        await connection.OpenAsync(Cancellation);
        await using (var holding = await connection.BeginTransactionAsync(Cancellation))
        {
            await ExecuteAsync(connection, "SELECT FROM virga.state WHERE key = 'a' FOR UPDATE");

            var exception = await Should.ThrowAsync<StateStoreException>(async () => await store.MergeAsync([new(Key("a"), Count(1, 2))], Cancellation));

            exception.Message.ShouldContain("in time");
        }

        CountOf((await store.MergeAsync([new(Key("a"), Count(1, 2))], Cancellation))[0]).ShouldBe(2);
    }

    [Fact]
    public async Task What_was_acknowledged_survives_a_crash_of_the_database_and_work_goes_on()
    {
        var store = await OpenAsync();
        var acknowledged = 0;
        var failures = 0;
        var stop = false;
        var writing = Task.Run(async () =>
        {
            while (!Volatile.Read(ref stop))
            {
                try
                {
                    await store.MergeAsync([new(Key("a"), Count(1, acknowledged + 1)), new(Key("b"), Count(1, acknowledged + 1))], Cancellation);
                    Interlocked.Increment(ref acknowledged);
                }
                catch (StateStoreException)
                {
                    Interlocked.Increment(ref failures);
                }
            }
        }, Cancellation);
        await UntilAsync(() => Volatile.Read(ref acknowledged) > 50);
        await postgres.Server.CrashAsync();
        await UntilAsync(() => Volatile.Read(ref failures) > 3);
        var before = Volatile.Read(ref acknowledged);
        await postgres.Server.ResumeAsync();
        await UntilAsync(() => Volatile.Read(ref acknowledged) > before + 20);
        Volatile.Write(ref stop, true);
        await writing;

        var found = await store.FindAsync([Key("a"), Key("b")], Cancellation);
        found.Select(CountOf).ShouldBe([acknowledged, acknowledged]);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_said_to_be_so()
    {
        var store = new PostgresStateStore(new PostgresStateOptions { Connection = "postgres://nobody@127.0.0.1:1/none" }, _time, NullLogger<PostgresStateStore>.Instance);
        await using var owned = store;

        var exception = await Should.ThrowAsync<StateStoreException>(async () => await store.OpenAsync(Cancellation));

        exception.Message.ShouldContain("127.0.0.1:1/none cannot be reached");
    }

    private static StateRecord Count(int replica, int count) => new(HybridTimestamp.Zero, CounterLattice.Of(new CounterShare(new ReplicaId((ulong)replica), (ulong)count, 0)));

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), deadline.Token);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    // The reader may begin to listen after the first write; it hears of a later one, or has read the first.
    private static async Task WriteUntilAsync(PostgresStateStore writer, Task<StateChanges> reading)
    {
        for (var i = 1; !reading.IsCompleted; i++)
        {
            await writer.MergeAsync([new(Key("a"), Count(1, i))], Cancellation);
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromMilliseconds(50), Cancellation));
            i.ShouldBeLessThan(400);
        }

        (await reading).Items.ShouldHaveSingleItem();
    }

    private MutationContext Context(int replica)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        return new MutationContext(HybridTimestamp.At(now), new ReplicaId((ulong)replica), now);
    }

    private async Task<PostgresStateStore> OpenAsync(Func<PostgresStateOptions, PostgresStateOptions>? change = null)
    {
        var options = new PostgresStateOptions { Connection = postgres.Server.UrlOf(_database) };
        var store = new PostgresStateStore(change?.Invoke(options) ?? options, _time, NullLogger<PostgresStateStore>.Instance);
        lock (_stores)
        {
            _stores.Add(store);
        }

        await store.OpenAsync(Cancellation);
        return store;
    }
}
