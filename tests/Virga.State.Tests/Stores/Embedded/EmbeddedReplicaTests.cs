using System.Diagnostics.Metrics;
using Microsoft.Data.Sqlite;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Lattices;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Stores;
using Virga.State.Stores.Embedded;
using Virga.State.Tests.Support;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Stores.Embedded;

/// <summary>The embedded store as functions use it, and what it does by itself.</summary>
public sealed class EmbeddedReplicaTests : IAsyncDisposable
{
    private readonly EmbeddedFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Theory]
    [InlineData(Durability.Sync)]
    [InlineData(Durability.Interval)]
    public async Task A_write_is_read_at_once(Durability durability)
    {
        var store = await _folder.OpenAsync(options => options with { Durability = durability });

        var record = await store.ApplyAsync(Key("a"), Put("1"), null, Cancellation);

        TextOf(record).ShouldBe("1");
        store.TryRead(Key("a"), out var read).ShouldBeTrue();
        TextOf(read).ShouldBe("1");
    }

    [Fact]
    public async Task A_key_that_nobody_wrote_is_known_not_to_exist_without_the_disk()
    {
        var store = await _folder.OpenAsync();
        await store.ApplyAsync(Key("a"), Put("1"), null, Cancellation);
        store = await _folder.OpenAsync();

        store.TryRead(Key("b"), out var read).ShouldBeTrue();

        read.ShouldBeNull();
    }

    [Fact]
    public async Task The_writer_is_the_same_after_a_restart()
    {
        var first = (await _folder.OpenAsync()).Id;

        (await _folder.OpenAsync()).Id.ShouldBe(first);

        await using var other = new EmbeddedFolder();
        (await other.OpenAsync()).Id.ShouldNotBe(first);
    }

    [Fact]
    public async Task A_damaged_name_of_the_writer_is_reported()
    {
        await _folder.OpenAsync();
        await _folder.CloseAsync();
        await File.WriteAllTextAsync(_folder["replica"], "what", Cancellation);

        (await Should.ThrowAsync<ProblemException>(() => _folder.OpenAsync())).Problem.Slug.ShouldBe("state-corrupted");
    }

    [Fact]
    public async Task Increments_from_many_threads_all_count()
    {
        var store = await _folder.OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 5000; i++)
            {
                await store.ApplyAsync(Key($"n{i % 3}"), new IncrementMutation(1), null, Cancellation);
            }
        })));

        var sum = 0L;
        for (var i = 0; i < 3; i++)
        {
            sum += CountOf(await store.ReadAsync(Key($"n{i}"), Cancellation));
        }

        sum.ShouldBe(20_000);
    }

    [Fact]
    public async Task A_mutation_that_is_refused_changes_nothing()
    {
        var store = await _folder.OpenAsync();
        await store.ApplyAsync(Key("a"), Put("1"), null, Cancellation);

        var exception = await Should.ThrowAsync<ProblemException>(async () => await store.ApplyAsync(Key("a"), new IncrementMutation(1), null, Cancellation));

        exception.Problem.Slug.ShouldBe("state-kind-mismatch");
        store = await _folder.OpenAsync();
        TextOf(await store.ReadAsync(Key("a"), Cancellation)).ShouldBe("1");
    }

    [Fact]
    public async Task Above_its_budget_the_store_keeps_cold_keys_on_disk_and_finds_them_there()
    {
        const int keys = 2000;
        var store = await _folder.OpenAsync(options => options with { MemoryBudget = 1 << 20 });
        for (var i = 0; i < keys; i++)
        {
            await store.ApplyAsync(Key($"k{i}"), Put($"{i}{new string('x', 2000)}"), null, Cancellation);
        }

        store.Housekeeper.KeepBudget();
        store.MemoryBytes.ShouldBeLessThan(1 << 20);

        for (var i = 0; i < keys; i++)
        {
            TextOf(await store.ReadAsync(Key($"k{i}"), Cancellation)).ShouldBe($"{i}{new string('x', 2000)}");
        }

        (await store.ReadAsync(Key("none"), Cancellation)).ShouldBeNull();
        (await store.ListAsync(Scope.Default, "k", null, keys * 2, Cancellation)).Items.Count.ShouldBe(keys);
    }

    [Fact]
    public async Task A_store_that_is_larger_than_its_budget_opens_with_a_part_of_it_in_memory()
    {
        var store = await _folder.OpenAsync();
        for (var i = 0; i < 500; i++)
        {
            await store.ApplyAsync(Key($"k{i}"), Put(new string('x', 2000)), null, Cancellation);
        }

        store = await _folder.OpenAsync(options => options with { MemoryBudget = 200_000 });

        store.MemoryBytes.ShouldBeLessThan(200_000);
        await store.ApplyAsync(Key("k499"), Put("new"), null, Cancellation);
        await store.ApplyAsync(Key("k7"), Put("new"), null, Cancellation);
        (await store.ListAsync(Scope.Default, "k", null, 1000, Cancellation)).Items.Count(item => TextOf(item.Record) == "new").ShouldBe(2);
    }

    [Fact]
    public async Task Nothing_is_lost_while_keys_leave_memory_and_come_back_under_writes()
    {
        const int keys = 64;
        const int increments = 1500;
        var store = await _folder.OpenAsync(options => options with { MemoryBudget = 8_000 });
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (var i = 0; i < increments; i++)
            {
                await store.ApplyAsync(Key($"k{random.Next(keys)}"), new IncrementMutation(1), null, Cancellation);
                if (i % 50 == 0)
                {
                    await store.AdoptAsync(Key($"other{writer}"), new StateRecord(default, CounterLattice.Of(new CounterShare(new(77), (ulong)i, 0))), Cancellation);
                }
            }
        })));
        while (!writing.IsCompleted)
        {
            store.Housekeeper.Checkpoint();
            store.Housekeeper.KeepBudget();
        }

        await writing;
        (await SumAsync(store, keys)).ShouldBe(4 * increments);
        (await SumAsync(await _folder.OpenAsync(), keys)).ShouldBe(4 * increments);
    }

    [Fact]
    public async Task A_checkpoint_empties_the_log_into_the_database()
    {
        var store = await _folder.OpenAsync(options => options with { Durability = Durability.Sync });
        for (var i = 0; i < 100; i++)
        {
            await store.ApplyAsync(Key($"k{i}"), Put($"{i}"), null, Cancellation);
        }

        store.Housekeeper.Checkpoint();
        await store.ApplyAsync(Key("k5"), Put("later"), null, Cancellation);

        // The older file goes a moment later.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        while (Directory.GetFiles(_folder.Path, LogFormat.SegmentPattern).Length > 1)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), deadline.Token);
        }

        await using var copy = _folder.Copy();
        var recovered = new List<StateDelta>();
        new LogRecovery(copy.Path, recovered.Add).Read();
        recovered.Select(delta => delta.Key.Text).ShouldBe(["k5"]);
        var again = await copy.OpenAsync();
        TextOf(await again.ReadAsync(Key("k99"), Cancellation)).ShouldBe("99");
        TextOf(await again.ReadAsync(Key("k5"), Cancellation)).ShouldBe("later");
    }

    [Fact]
    public async Task Expired_keys_are_deleted_and_their_deletions_forgotten_later()
    {
        var store = await _folder.OpenAsync(options => options with { TombstoneRetention = TimeSpan.FromMinutes(5) });
        await store.ApplyAsync(Key("a"), Put("1", TimeSpan.FromSeconds(30)), null, Cancellation);
        await store.ApplyAsync(Key("b"), Put("2"), null, Cancellation);
        var cursor = await store.CursorAsync(Cancellation);

        _folder.Time.Advance(TimeSpan.FromMinutes(1));
        store.Housekeeper.Sweep();
        (await store.ReadAsync(Key("a"), Cancellation)).ShouldNotBeNull().Value.ShouldBeNull();
        (await store.ChangesAsync(Scope.Default, "", cursor, 10, TimeSpan.Zero, Cancellation)).Items.ShouldHaveSingleItem().Key.Text.ShouldBe("a");

        store.Housekeeper.Checkpoint();
        _folder.Time.Advance(TimeSpan.FromMinutes(6));
        store.Housekeeper.Sweep();
        (await store.ReadAsync(Key("a"), Cancellation)).ShouldBeNull();
        store = await _folder.OpenAsync();
        (await store.ReadAsync(Key("a"), Cancellation)).ShouldBeNull();
        TextOf(await store.ReadAsync(Key("b"), Cancellation)).ShouldBe("2");
    }

    [Fact]
    public async Task A_key_on_disk_only_expires_too()
    {
        var store = await _folder.OpenAsync();
        await store.ApplyAsync(Key("a"), Put("1", TimeSpan.FromSeconds(30)), null, Cancellation);
        store = await _folder.OpenAsync(options => options with { MemoryBudget = 1 });
        store.Housekeeper.KeepBudget();

        _folder.Time.Advance(TimeSpan.FromMinutes(1));
        store.Housekeeper.Sweep();

        (await store.ReadAsync(Key("a"), Cancellation)).ShouldNotBeNull().Value.ShouldBeNull();
    }

    [Fact]
    public async Task A_key_that_was_put_again_does_not_expire_with_its_older_value()
    {
        var store = await _folder.OpenAsync();
        await store.ApplyAsync(Key("a"), Put("1", TimeSpan.FromSeconds(30)), null, Cancellation);
        await store.ApplyAsync(Key("a"), Put("2"), null, Cancellation);

        _folder.Time.Advance(TimeSpan.FromMinutes(1));
        store.Housekeeper.Sweep();

        TextOf(await store.ReadAsync(Key("a"), Cancellation)).ShouldBe("2");
    }

    [Fact]
    public async Task A_cursor_that_is_too_old_or_of_an_earlier_process_is_said_to_be_lost()
    {
        var store = await _folder.OpenAsync(options => options with { KeptChanges = 16 });
        var cursor = await store.CursorAsync(Cancellation);
        for (var i = 0; i < 20; i++)
        {
            await store.ApplyAsync(Key("a"), Put($"{i}"), null, Cancellation);
        }

        await ShouldBeLostAsync(store, cursor);
        cursor = await store.CursorAsync(Cancellation);
        _folder.Time.Advance(TimeSpan.FromSeconds(1));
        await ShouldBeLostAsync(await _folder.OpenAsync(), cursor);
    }

    [Fact]
    public async Task A_key_that_has_become_bytes_in_the_database_is_reported()
    {
        var store = await _folder.OpenAsync();
        await store.ApplyAsync(Key("a"), Put("1"), null, Cancellation);
        await _folder.CloseAsync();
        await ExecuteAsync("UPDATE state SET scope = CAST(scope AS BLOB)");

        (await Should.ThrowAsync<ProblemException>(() => _folder.OpenAsync())).Problem.Slug.ShouldBe("state-corrupted");
    }

    [Fact]
    public async Task While_the_database_cannot_be_written_no_attempt_makes_another_file_of_the_log()
    {
        var store = await _folder.OpenAsync();
        await store.ApplyAsync(Key("a"), Put("1"), null, Cancellation);
        await ExecuteAsync("ALTER TABLE state RENAME TO gone");
        for (var i = 0; i < 5; i++)
        {
            Should.Throw<ProblemException>(store.Housekeeper.Checkpoint);
            await store.ApplyAsync(Key($"b{i}"), Put("2"), null, Cancellation);
            await store.MergeAsync([], Cancellation);
        }

        await ExecuteAsync("ALTER TABLE gone RENAME TO state");
        Directory.GetFiles(_folder.Path, "state-*.log").Length.ShouldBeLessThanOrEqualTo(2);
        store.Housekeeper.Checkpoint();
        store = await _folder.OpenAsync();
        TextOf(await store.ReadAsync(Key("a"), Cancellation)).ShouldBe("1");
        TextOf(await store.ReadAsync(Key("b4"), Cancellation)).ShouldBe("2");
    }

    [Fact]
    public async Task Its_numbers_tell_what_it_holds_and_what_the_database_lacks()
    {
        var store = await _folder.OpenAsync();
        await store.ApplyAsync(Key("a"), Put("1"), null, Cancellation);
        await store.ApplyAsync(Key("b"), Put("2"), null, Cancellation);
        store.TryRead(Key("a"), out _).ShouldBeTrue();

        var numbers = NumbersOf(store);
        numbers["virga.state.writes"].ShouldBe(2);
        numbers["virga.state.cache.hits"].ShouldBe(1);
        numbers["virga.state.cache.keys"].ShouldBe(2);
        numbers["virga.state.cache.memory"].ShouldBe(store.MemoryBytes);
        numbers["virga.state.dirty.keys"].ShouldBe(2);
        numbers["virga.state.log.size"].ShouldBeInRange(100, 1000);
        numbers["virga.state.checkpoint.age"].ShouldBeGreaterThan(0);

        store.Housekeeper.Checkpoint();
        numbers = NumbersOf(store);
        numbers["virga.state.checkpoints"].ShouldBe(1);
        numbers["virga.state.dirty.keys"].ShouldBe(0);
        numbers["virga.state.checkpoint.age"].ShouldBe(0);
    }

    [Fact]
    public async Task A_flipped_bit_in_the_database_is_reported_or_does_no_harm()
    {
        var store = await _folder.OpenAsync();
        for (var i = 0; i < 40; i++)
        {
            await store.ApplyAsync(Key($"key-{i:d2}"), Put($"value {i} {new string('v', 100)}", i % 4 == 0 ? TimeSpan.FromDays(30) : null), null, Cancellation);
        }

        await _folder.CloseAsync();
        var whole = await File.ReadAllBytesAsync(_folder["state.db"], Cancellation);
        var reported = 0;
        var tried = 0;

        // Every byte of the header and of the first page's tables, and a part of the rest.
        for (var at = 0; at < whole.Length; at += at < 100 ? 1 : 61, tried++)
        {
            await using var copy = _folder.Copy();
            using (var file = File.OpenHandle(copy["state.db"], FileMode.Open, FileAccess.Write))
            {
                RandomAccess.Write(file, [(byte)(whole[at] ^ (1 << (at % 8)))], at);
            }

            try
            {
                var opened = await copy.OpenAsync();
                for (var i = 0; i < 40; i++)
                {
                    TextOf(await opened.ReadAsync(Key($"key-{i:d2}"), Cancellation)).ShouldBe($"value {i} {new string('v', 100)}", $"flipped at {at}");
                }

                (await opened.ListAsync(Scope.Default, "", null, 100, Cancellation)).Items.Count.ShouldBe(40, $"flipped at {at}");
            }
            catch (ProblemException exception)
            {
                exception.Problem.Slug.ShouldBe("state-corrupted", $"flipped at {at}");
                exception.Problem.Detail.ShouldNotBeNull().ShouldContain("state.db");
                reported++;
            }
        }

        reported.ShouldBeGreaterThan(tried / 4);
    }

    [Theory]
    [InlineData(Durability.Sync)]
    [InlineData(Durability.Interval)]
    public async Task On_a_full_disk_writes_are_refused_reads_go_on_and_nothing_acknowledged_is_lost(Durability durability)
    {
        using var disk = new SmallDisk(8);
        Assert.SkipWhen(disk.Missing is not null, disk.Missing ?? "");
        var time = new ShiftedTime();
        var options = new EmbeddedStateOptions { Directory = disk.Path, Durability = durability, MaxLogBytes = 1 << 20 };
        var acknowledged = new List<int>();
        await using (var store = Open(options, time))
        {
            await store.OpenAsync(Cancellation);
            disk.Fill();
            var refusal = await WriteUntilAsync(store, acknowledged, isRefused: true);
            refusal.ShouldNotBeNull().Slug.ShouldBe("storage-full");
            foreach (var i in acknowledged)
            {
                store.TryRead(Key($"k{i}"), out var read).ShouldBeTrue();
                TextOf(read).ShouldBe($"{i}");
            }

            disk.Free();
            await WriteUntilAsync(store, acknowledged, isRefused: false);
        }

        await using var again = Open(options, time);
        await again.OpenAsync(Cancellation);
        foreach (var i in acknowledged)
        {
            TextOf(await again.ReadAsync(Key($"k{i}"), Cancellation)).ShouldBe($"{i}");
        }
    }

    private static EmbeddedStateStore Open(EmbeddedStateOptions options, TimeProvider time) =>
        new(options, new Time.HybridClock(time), time, Microsoft.Extensions.Logging.Abstractions.NullLogger<EmbeddedStateStore>.Instance);

    private static async Task<Problem?> WriteUntilAsync(EmbeddedStateStore store, List<int> acknowledged, bool isRefused)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        for (var i = acknowledged.Count == 0 ? 0 : acknowledged[^1] + 1; ; i++)
        {
            deadline.Token.ThrowIfCancellationRequested();
            try
            {
                await store.ApplyAsync(Key($"k{i}"), Put($"{i}"), null, Cancellation);
                acknowledged.Add(i);
                if (!isRefused)
                {
                    return null;
                }
            }
            catch (ProblemException exception) when (isRefused)
            {
                return exception.Problem;
            }
            catch (ProblemException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), deadline.Token);
            }
        }
    }

    private static async Task ShouldBeLostAsync(EmbeddedStateStore store, long cursor) =>
        (await Should.ThrowAsync<ProblemException>(async () => await store.ChangesAsync(Scope.Default, "", cursor, 10, TimeSpan.Zero, Cancellation))).Problem.Slug.ShouldBe("changes-lost");

    private static async Task<long> SumAsync(EmbeddedStateStore store, int keys)
    {
        var sum = 0L;
        for (var i = 0; i < keys; i++)
        {
            sum += CountOf(await store.ReadAsync(Key($"k{i}"), Cancellation));
        }

        return sum;
    }

    private static Dictionary<string, double> NumbersOf(EmbeddedStateStore store)
    {
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (store.Metrics.Owns(instrument))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => numbers[instrument.Name] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => numbers[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => numbers[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return numbers;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={_folder["state.db"]};Pooling=false");
        await connection.OpenAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
