using System.Globalization;
using System.Text;
using Virga.Topics.Metadata;

namespace Virga.Topics.Tests.Metadata;

/// <summary>What every implementation of the topics' metadata promises; each passes it.</summary>
public abstract class TopicMetadataContract : IAsyncLifetime
{
    // What SQL, UTF-16 and UTF-8 sort or match differently.
    private static readonly string[] OddCharacters = ["\0", "\u0001", "%", "_", "*", "?", "'", "\"", "\\", "/", "A", "a", "\u007f", "\u00e4", "\u00ff", "\u2028", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"];

    protected ITopicMetadata Metadata { get; private set; } = null!;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync() => Metadata = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Metadata.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the metadata that the test has.</summary>
    protected abstract Task<ITopicMetadata> OpenAsync();

    [Fact]
    public async Task A_key_that_was_never_written_is_not_there() => (await Metadata.GetAsync("a", Cancellation)).ShouldBeNull();

    [Fact]
    public async Task What_was_written_is_read_with_a_version_that_grows()
    {
        (await PutAsync("a", "one")).ShouldBe(1);
        (await PutAsync("a", "two")).ShouldBe(2);

        (await ReadAsync("a")).ShouldBe(("two", 2));
    }

    [Fact]
    public async Task What_was_written_is_there_after_a_restart()
    {
        await PutAsync("a", "one");
        await PutAsync("a", "two");

        await RestartAsync();

        (await ReadAsync("a")).ShouldBe(("two", 2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_write_that_expects_another_version_is_refused(long expected)
    {
        await PutAsync("a", "one");
        await PutAsync("a", "two");

        var conflict = await Should.ThrowAsync<MetadataConflictException>(async () => await PutAsync("a", "mine", expected));

        conflict.Key.ShouldBe("a");
        (await ReadAsync("a")).ShouldBe(("two", 2));
    }

    [Fact]
    public async Task A_write_that_expects_the_version_there_is_succeeds()
    {
        (await PutAsync("a", "one", expected: 0)).ShouldBe(1);
        (await PutAsync("a", "two", expected: 1)).ShouldBe(2);
    }

    [Fact]
    public async Task Nothing_of_a_write_happens_when_one_of_its_keys_is_refused()
    {
        await PutAsync("b", "old");

        var conflict = await Should.ThrowAsync<MetadataConflictException>(async () =>
            await Metadata.WriteAsync([Put("a", "new", 0), Put("b", "new", 7), Put("c", "new")], Cancellation));

        conflict.Key.ShouldBe("b");
        (await ListAsync("")).ShouldBe(["b"]);
        (await ReadAsync("b")).ShouldBe(("old", 1));
    }

    [Fact]
    public async Task The_versions_come_in_the_order_of_the_writes()
    {
        await PutAsync("b", "1");
        await PutAsync("b", "2");
        await PutAsync("gone", "1");

        var versions = await Metadata.WriteAsync([Put("z", "new"), new MetadataWrite("gone", null, null), Put("b", "3"), new MetadataWrite("never", null, 0)], Cancellation);

        versions[1..].ShouldBe([0, 3, 0]);
        versions[0].ShouldBe((await ReadAsync("z"))!.Value.Version);
    }

    [Fact]
    public async Task A_key_that_was_deleted_and_made_again_has_a_version_that_it_never_had()
    {
        await PutAsync("a", "one");
        var last = await PutAsync("a", "two");

        (await Metadata.WriteAsync([new MetadataWrite("a", null, last)], Cancellation)).ShouldBe([0]);
        (await Metadata.GetAsync("a", Cancellation)).ShouldBeNull();
        await RestartAsync();
        var anew = await PutAsync("a", "three", expected: 0);

        anew.ShouldBeGreaterThan(last);
        await Should.ThrowAsync<MetadataConflictException>(async () => await PutAsync("a", "late", expected: last));
        (await ReadAsync("a")).ShouldBe(("three", anew));
    }

    [Fact]
    public async Task Values_of_no_bytes_and_of_many_are_kept()
    {
        var large = new byte[1 << 20];
        new Random(7).NextBytes(large);

        await Metadata.WriteAsync([new MetadataWrite("empty", ReadOnlyMemory<byte>.Empty, null), new MetadataWrite("large", large, null)], Cancellation);

        (await Metadata.GetAsync("empty", Cancellation))!.Value.Bytes.Length.ShouldBe(0);
        (await Metadata.GetAsync("large", Cancellation))!.Value.Bytes.ToArray().ShouldBe(large);
    }

    [Fact]
    public async Task A_bad_key_is_refused_and_nothing_is_written()
    {
        foreach (var key in new[] { "", new string('k', 1025), "half\ud800", "twice" })
        {
            await Should.ThrowAsync<ArgumentException>(async () => await Metadata.WriteAsync([Put("good", "1"), Put(key, "1"), Put("twice", "1")], Cancellation));
        }

        (await ListAsync("")).ShouldBeEmpty();
        (await PutAsync(new string('\u00e4', 1024), "1")).ShouldBe(1);
    }

    [Fact]
    public async Task A_write_that_was_broken_off_before_it_began_is_not_written()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(async () => await Metadata.WriteAsync([Put("a", "1")], cancelled.Token));

        await PutAsync("b", "1");
        (await Metadata.GetAsync("a", Cancellation)).ShouldBeNull();
    }

    [Fact]
    public async Task Writers_who_read_and_write_one_key_lose_no_update()
    {
        const int writers = 8;
        const int rounds = 25;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(
            async () =>
            {
                for (var done = 0; done < rounds;)
                {
                    var (count, version) = await ReadAsync("count") ?? ("0", 0);
                    try
                    {
                        await PutAsync("count", (int.Parse(count, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture), version);
                        done++;
                    }
                    catch (MetadataConflictException)
                    {
                        // Somebody else came first: read again.
                        continue;
                    }
                }
            },
            Cancellation)));

        (await ReadAsync("count")).ShouldBe(($"{writers * rounds}", writers * rounds));
    }

    [Fact]
    public async Task Of_many_that_write_at_once_only_those_in_conflict_fail()
    {
        var writes = Enumerable.Range(0, 300).Select(i => i % 3 == 0
            ? Metadata.WriteAsync([Put($"key-{i:d3}", "never"), Put("nobody", "never", expected: 5)], Cancellation).AsTask()
            : Metadata.WriteAsync([Put($"key-{i:d3}", "written", 0), Put($"twin-{i:d3}", "written", 0)], Cancellation).AsTask()).ToArray();

        for (var i = 0; i < writes.Length; i++)
        {
            if (i % 3 == 0)
            {
                await Should.ThrowAsync<MetadataConflictException>(writes[i]);
            }
            else
            {
                (await writes[i]).Length.ShouldBe(2);
            }
        }

        var expected = Enumerable.Range(0, 300).Where(i => i % 3 != 0).ToList();
        (await ListAsync("")).ShouldBe([.. expected.Select(i => $"key-{i:d3}"), .. expected.Select(i => $"twin-{i:d3}")]);
    }

    [Fact]
    public async Task Of_many_that_make_one_key_at_once_one_succeeds()
    {
        var attempts = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            try
            {
                await PutAsync("owner", $"{i}", expected: 0);
                return $"{i}";
            }
            catch (MetadataConflictException)
            {
                return null;
            }
        }));

        (await ReadAsync("owner"))!.Value.Text.ShouldBe(attempts.OfType<string>().ShouldHaveSingleItem());
    }

    [Fact]
    public async Task A_prefix_lists_what_begins_with_it_whatever_characters_there_are()
    {
        const int seed = 20261125;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        string Text(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => OddCharacters[random.Next(OddCharacters.Length)]));
        var keys = Enumerable.Range(0, 400).Select(_ => Text(random.Next(1, 5))).Distinct(StringComparer.Ordinal).ToList();
        await Metadata.WriteAsync([.. keys.Select(key => Put(key, key))], Cancellation);
        keys.Sort((a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)));

        foreach (var prefix in Enumerable.Range(0, 60).Select(i => Text(i % 3)).Append("").Distinct(StringComparer.Ordinal))
        {
            var expected = keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            var listed = new List<string>();
            string? after = null;
            while (await Metadata.ListAsync(prefix, after, 7, Cancellation) is { Count: > 0 } page)
            {
                page.Count.ShouldBeLessThanOrEqualTo(7);
                page.Select(item => Encoding.UTF8.GetString(item.Value.Bytes.Span)).ShouldBe(page.Select(item => item.Key));
                listed.AddRange(page.Select(item => item.Key));
                after = listed[^1];
            }

            listed.ShouldBe(expected, $"prefix {Uri.EscapeDataString(prefix)}");
        }
    }

    [Fact]
    public async Task A_list_behind_a_key_outside_of_the_prefix_is_cut_to_the_prefix()
    {
        foreach (var key in new[] { "a", "b/1", "b/2", "c" })
        {
            await PutAsync(key, "1");
        }

        (await ListAsync("b/", after: "a")).ShouldBe(["b/1", "b/2"]);
        (await ListAsync("b/", after: "b/1")).ShouldBe(["b/2"]);
        (await ListAsync("b/", after: "c")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Numbers_of_ledgers_are_given_once_whoever_asks_and_whatever_restarts()
    {
        var numbers = new List<long>();
        for (var run = 0; run < 3; run++)
        {
            var given = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
                async () =>
                {
                    var mine = new List<long>();
                    for (var i = 0; i < 150; i++)
                    {
                        mine.Add((await Metadata.NextLedgerAsync(Cancellation)).Value);
                    }

                    mine.ShouldBeInOrder(SortDirection.Ascending);

                    return mine;
                },
                Cancellation)));
            given.Min(static mine => mine[0]).ShouldBeGreaterThan(numbers.Count == 0 ? -1 : numbers.Max());
            numbers.AddRange(given.SelectMany(mine => mine));
            await RestartAsync();
        }

        numbers.Distinct().Count().ShouldBe(3 * 8 * 150);
        numbers.Min().ShouldBe(0);
        (await ListAsync("")).ShouldBeEmpty();
    }

    protected static MetadataWrite Put(string key, string value, long? expected = null) => new(key, Encoding.UTF8.GetBytes(value), expected);

    protected async Task<long> PutAsync(string key, string value, long? expected = null) => (await Metadata.WriteAsync([Put(key, value, expected)], Cancellation))[0];

    protected async Task<(string Text, long Version)?> ReadAsync(string key) =>
        await Metadata.GetAsync(key, Cancellation) is { } value ? (Encoding.UTF8.GetString(value.Bytes.Span), value.Version) : null;

    protected async Task<List<string>> ListAsync(string prefix, string? after = null) =>
        [.. (await Metadata.ListAsync(prefix, after, 10_000, Cancellation)).Select(item => item.Key)];

    protected async Task RestartAsync()
    {
        await Metadata.DisposeAsync();
        Metadata = await OpenAsync();
    }
}
