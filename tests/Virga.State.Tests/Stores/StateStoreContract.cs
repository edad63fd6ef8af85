using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Queries;
using Virga.State.Records;
using Virga.State.Stores;
using Virga.State.Tests.Support;
using Virga.State.Time;
using Virga.State.Updates;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Stores;

/// <summary>What every store promises; each implementation passes it.</summary>
public abstract class StateStoreContract : IAsyncLifetime
{
    private readonly HybridClock _clock;

    private protected StateStoreContract() => _clock = new HybridClock(Time);

    private protected ShiftedTime Time { get; } = new();

    protected IStateStore Store { get; private set; } = null!;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens a store on the data that the test has.</summary>
    protected abstract Task<IStateStore> OpenAsync();

    [Fact]
    public async Task A_key_that_was_never_written_has_no_record() => (await FindAsync("a")).ShouldBeNull();

    [Fact]
    public async Task What_was_merged_is_found()
    {
        await PutAsync("a", "1");
        await PutAsync("b", "2");

        var found = await Store.FindAsync([Key("b"), Key("none"), Key("a"), Key("b")], Cancellation);

        found.Select(TextOf).ShouldBe(["2", null, "1", "2"]);
    }

    [Fact]
    public async Task What_was_merged_is_found_after_a_restart()
    {
        await PutAsync("a", "1");
        await IncrementAsync("n", 1, 5);

        await RestartAsync();

        TextOf(await FindAsync("a")).ShouldBe("1");
        CountOf(await FindAsync("n")).ShouldBe(5);
    }

    [Fact]
    public async Task Merging_the_same_again_changes_nothing()
    {
        var delta = new StateDelta(Key("n"), Increment(1, 5));
        await Store.MergeAsync([delta], Cancellation);
        var cursor = await Store.CursorAsync(Cancellation);

        var merged = await Store.MergeAsync([delta, delta], Cancellation);

        merged.Select(CountOf).ShouldBe([5, 5]);
        (await Store.ChangesAsync(Scope.Default, "", cursor, 10, TimeSpan.Zero, Cancellation)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_key_may_come_more_than_once_in_a_batch()
    {
        var merged = await Store.MergeAsync([new(Key("n"), Increment(1, 5)), new(Key("m"), Increment(1, 1)), new(Key("n"), Increment(2, 7))], Cancellation);

        CountOf(merged[2]).ShouldBe(12);
        CountOf(await FindAsync("n")).ShouldBe(12);
        CountOf(await FindAsync("m")).ShouldBe(1);
    }

    [Fact]
    public async Task The_same_key_in_two_namespaces_is_two_keys()
    {
        var other = new Scope(ResourceName.Default, ResourceName.Parse("other"));
        await PutAsync("a", "1");
        await Store.MergeAsync([new(new StateKey(other, "a"), Written(Put("2")))], Cancellation);

        TextOf(await FindAsync("a")).ShouldBe("1");
        (await Store.ListAsync(other, "", null, 10, Cancellation)).Items.Select(item => TextOf(item.Record)).ShouldBe(["2"]);
    }

    [Fact]
    public async Task A_value_of_sixteen_mebibytes_comes_back()
    {
        var content = new byte[Payload.MaxBytes - 1];
        new Random(7).NextBytes(content);
        await Store.MergeAsync([new(Key("large"), Written(new PutMutation(Payload.Of(PayloadTag.Bytes, content))))], Cancellation);

        await RestartAsync();

        var register = (await FindAsync("large"))!.Value.ShouldBeOfType<LwwRegister>();
        register.Payload.Content.Span.SequenceEqual(content).ShouldBeTrue();
    }

    [Fact]
    public async Task No_increment_of_concurrent_writers_is_lost()
    {
        const int writers = 8;
        const int increments = 50;
        await Task.WhenAll(Enumerable.Range(1, writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 1; i <= increments; i++)
            {
                await Store.MergeAsync([new(Key("n"), Increment(writer, i)), new(Key($"own-{writer}"), Increment(writer, i))], Cancellation);
            }
        })));

        CountOf(await FindAsync("n")).ShouldBe(writers * increments);
    }

    [Fact]
    public async Task Sketches_of_concurrent_writers_end_with_what_was_added_once()
    {
        const int Writers = 4;
        const int Additions = 30;
        string[] kinds = ["hyperLogLog", "theta", "bloom", "countMin", "topK", "quantiles", "reservoir"];
        await Task.WhenAll(Enumerable.Range(1, Writers).Select(writer => Task.Run(async () =>
        {
            // Each knows its own additions alone, adds one value of its own and one that the others add, too, and sends everything twice.
            var own = new StateRecord?[kinds.Length];
            for (var i = 0; i < Additions; i++)
            {
                var deltas = new List<StateDelta>();
                for (var kind = 0; kind < kinds.Length; kind++)
                {
                    var update = Parse($$$"""{"{{{kinds[kind]}}}":{"add":[{{{(writer * 1000) + i}}},{{{i}}}]}}""");
                    var delta = update.Delta(own[kind], Context() with { Replica = new ReplicaId((ulong)writer) });
                    own[kind] = own[kind]?.Merge(delta) ?? delta;
                    deltas.Add(new StateDelta(Key(kinds[kind]), delta));
                }

                await Store.MergeAsync([.. deltas, .. deltas], Cancellation);
            }
        })));

        await RestartAsync();

        (await AskAsync("hyperLogLog", "\"estimate\"")).ShouldStartWith("{\"estimate\":150,");
        (await AskAsync("theta", "\"estimate\"")).ShouldStartWith("{\"estimate\":150,");
        (await AskAsync("bloom", """{"has":4029}""")).ShouldBe("true");
        (await AskAsync("countMin", "\"total\"")).ShouldBe("240");
        (await AskAsync("countMin", """{"count":7}""")).ShouldBe("4");
        (await AskAsync("topK", """{"count":7}""")).ShouldBe("""{"count":4,"error":0}""");
        (await AskAsync("quantiles", "\"count\"")).ShouldBe("240");
        (await AskAsync("reservoir", "\"size\"")).ShouldBe("100");

        static StateUpdate Parse(string json) => StateUpdate.Parse(System.Text.Encoding.UTF8.GetBytes(json));

        async Task<string> AskAsync(string kind, string question) => System.Text.Encoding.UTF8.GetString(
            StateQuery.Parse(System.Text.Encoding.UTF8.GetBytes($$"""{"{{kind}}":{{question}}}""")).AnswerOf(await FindAsync(kind)).Content.Span);
    }

    [Fact]
    public async Task Of_those_who_create_a_key_one_succeeds()
    {
        var held = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => PutIfAsync("a", StateVersion.Absent, $"{i}"))));

        var winner = held.Single(result => result.Held);
        TextOf(await FindAsync("a")).ShouldBe(TextOf(winner.Record));
        held.ShouldAllBe(result => TextOf(result.Record) == TextOf(winner.Record));
    }

    [Fact]
    public async Task Conditional_puts_count_exactly()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var done = 0; done < 10;)
            {
                var current = await FindAsync("n");
                var next = current is null ? 1 : int.Parse(TextOf(current)!, System.Globalization.CultureInfo.InvariantCulture) + 1;
                done += (await PutIfAsync("n", current?.Version ?? StateVersion.Absent, $"{next}")).Held ? 1 : 0;
            }
        })));

        TextOf(await FindAsync("n")).ShouldBe("40");
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_changes_nothing_and_says_what_is_there()
    {
        await PutAsync("a", "1");

        var (held, record) = await PutIfAsync("a", StateVersion.Absent, "2");

        held.ShouldBeFalse();
        TextOf(record).ShouldBe("1");
        TextOf(await FindAsync("a")).ShouldBe("1");
    }

    [Fact]
    public async Task A_key_that_has_expired_counts_as_absent()
    {
        await Store.MergeAsync([new(Key("a"), Written(Put("1", TimeSpan.FromSeconds(30))))], Cancellation);
        Time.Advance(TimeSpan.FromSeconds(31));

        (await ListAsync("")).ShouldBeEmpty();
        (await PutIfAsync("a", StateVersion.Absent, "2")).Held.ShouldBeTrue();
        (await ListAsync("")).ShouldBe(["a"]);
    }

    [Fact]
    public async Task A_deleted_key_is_not_listed_and_its_deletion_is_known()
    {
        await PutAsync("a", "1");
        await PutAsync("b", "2");
        var delta = new DeleteMutation().Delta(await FindAsync("a"), Context());
        await Store.MergeAsync([new(Key("a"), delta)], Cancellation);

        (await ListAsync("")).ShouldBe(["b"]);
        var tombstone = await FindAsync("a");
        tombstone.ShouldNotBeNull().Value.ShouldBeNull();
    }

    [Fact]
    public async Task Keys_are_listed_in_the_order_of_their_code_points()
    {
        // The last two are where .NET's ordinal order and that of UTF-8 differ.
        string[] ordered = ["A", "B", "a", "a b", "a!", "a/1", "a/10", "a/2", "aa", "b", "ä", "é", "日本", "\uE000", "\uFF5E", "😀", "😀a"];
        var shuffled = ordered.ToArray();
        new Random(5).Shuffle(shuffled);
        foreach (var key in shuffled[..8])
        {
            await PutAsync(key, key);
        }

        await RestartAsync();
        foreach (var key in shuffled[8..])
        {
            await PutAsync(key, key);
        }

        (await ListAsync("")).ShouldBe(ordered);
        (await ListAsync("a")).ShouldBe(["a", "a b", "a!", "a/1", "a/10", "a/2", "aa"]);
        (await ListAsync("😀")).ShouldBe(["😀", "😀a"]);
        (await ListAsync("\uE000")).ShouldBe(["\uE000"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public async Task A_listing_can_be_read_in_pages(int limit)
    {
        var keys = Enumerable.Range(0, 10).Select(i => $"k{i}").ToArray();
        foreach (var key in keys)
        {
            await PutAsync(key, key);
        }

        await PutAsync("j", "before");
        await PutAsync("l", "behind");
        var read = new List<string>();
        StateListing page;
        do
        {
            page = await Store.ListAsync(Scope.Default, "k", read.LastOrDefault(), limit, Cancellation);
            page.Items.Count.ShouldBeLessThanOrEqualTo(limit);
            read.AddRange(page.Items.Select(item => item.Key.Text));
        }
        while (page.HasMore);

        read.ShouldBe(keys);
    }

    [Fact]
    public async Task The_feed_gives_what_changed_after_a_cursor()
    {
        await PutAsync("a/0", "before");
        var cursor = await Store.CursorAsync(Cancellation);
        await PutAsync("a/1", "1");
        await PutAsync("b", "other");
        await PutAsync("a/2", "2");
        await PutAsync("a/1", "3");

        var changes = await Store.ChangesAsync(Scope.Default, "a/", cursor, 10, TimeSpan.Zero, Cancellation);

        changes.Items.ToDictionary(item => item.Key.Text, item => TextOf(item.Record), StringComparer.Ordinal)
            .ShouldBe(new Dictionary<string, string?>(StringComparer.Ordinal) { ["a/1"] = "3", ["a/2"] = "2" }, ignoreOrder: true);
        (await Store.ChangesAsync(Scope.Default, "a/", changes.Cursor, 10, TimeSpan.Zero, Cancellation)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_feed_can_be_read_in_parts()
    {
        var cursor = await Store.CursorAsync(Cancellation);
        for (var i = 0; i < 10; i++)
        {
            await PutAsync($"k{i}", "v");
        }

        var read = new List<string>();
        while (read.Count < 10)
        {
            var changes = await Store.ChangesAsync(Scope.Default, "", cursor, 3, TimeSpan.Zero, Cancellation);
            changes.Items.Count.ShouldBeInRange(1, 3);
            read.AddRange(changes.Items.Select(item => item.Key.Text));
            cursor = changes.Cursor;
        }

        read.Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(0, 10).Select(i => $"k{i}"));
    }

    [Fact]
    public async Task The_feed_tells_of_a_deletion()
    {
        await PutAsync("a", "1");
        var cursor = await Store.CursorAsync(Cancellation);
        await Store.MergeAsync([new(Key("a"), new DeleteMutation().Delta(await FindAsync("a"), Context()))], Cancellation);

        var changes = await Store.ChangesAsync(Scope.Default, "", cursor, 10, TimeSpan.Zero, Cancellation);

        changes.Items.ShouldHaveSingleItem().Record.Value.ShouldBeNull();
    }

    [Fact]
    public async Task Who_waits_for_a_change_is_woken_by_it()
    {
        var cursor = await Store.CursorAsync(Cancellation);
        var waiting = Store.ChangesAsync(Scope.Default, "a", cursor, 10, TimeSpan.FromMinutes(1), Cancellation);
        await PutAsync("b", "other");
        await PutAsync("a", "1");

        var changes = await waiting.AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);

        changes.Items.ShouldHaveSingleItem().Key.Text.ShouldBe("a");
    }

    [Fact]
    public async Task Who_waits_in_vain_goes_on_later_from_where_the_feed_ended()
    {
        var cursor = await Store.CursorAsync(Cancellation);

        var changes = await Store.ChangesAsync(Scope.Default, "a", cursor, 10, TimeSpan.FromMilliseconds(30), Cancellation);

        changes.Items.ShouldBeEmpty();
        await PutAsync("a", "1");
        (await Store.ChangesAsync(Scope.Default, "a", changes.Cursor, 10, TimeSpan.FromSeconds(20), Cancellation)).Items.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_feed_has_no_gaps_while_many_write()
    {
        const int writers = 6;
        const int writes = 40;
        var cursor = await Store.CursorAsync(Cancellation);
        var writing = Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < writes; i++)
            {
                await PutAsync($"{writer}/{i}", "v");
            }
        })));

        var read = new HashSet<string>(StringComparer.Ordinal);
        while (read.Count < writers * writes)
        {
            var changes = await Store.ChangesAsync(Scope.Default, "", cursor, 7, TimeSpan.FromSeconds(20), Cancellation);
            changes.Items.ShouldNotBeEmpty();
            foreach (var item in changes.Items)
            {
                read.Add(item.Key.Text).ShouldBeTrue($"{item.Key.Text} came twice");
            }

            cursor = changes.Cursor;
        }

        await writing;
    }

    private protected async Task RestartAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAsync();
    }

    private protected async Task<StateRecord?> FindAsync(string key) => (await Store.FindAsync([Key(key)], Cancellation))[0];

    private protected async Task<IEnumerable<string>> ListAsync(string prefix) =>
        (await Store.ListAsync(Scope.Default, prefix, null, 1000, Cancellation)).Items.Select(item => item.Key.Text);

    private protected async Task PutAsync(string key, string value) => await Store.MergeAsync([new(Key(key), Written(Put(value)))], Cancellation);

    private protected async Task IncrementAsync(string key, int replica, int count) => await Store.MergeAsync([new(Key(key), Increment(replica, count))], Cancellation);

    private protected async Task<(bool Held, StateRecord? Record)> PutIfAsync(string key, StateVersion version, string value) =>
        await Store.MutateIfAsync(Key(key), new StateCondition(version), Put(value), Context(), Cancellation);

    /// <summary>What a replica says of its own share of a counter.</summary>
    private protected static StateRecord Increment(int replica, int count) =>
        new(HybridTimestamp.Zero, CounterLattice.Of(new CounterShare(new ReplicaId((ulong)replica), (ulong)count, 0)));

    private protected MutationContext Context() => new(_clock.Now(), new ReplicaId(99), Time.GetUtcNow().ToUnixTimeMilliseconds());

    private StateRecord Written(StateMutation mutation) => mutation.Delta(null, Context());
}
