using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Logging;
using Virga.Core.Names;
using Virga.Telemetry.Logs;

namespace Virga.Telemetry.Tests;

public sealed class FunctionLogStoreTests : IDisposable
{
    private readonly TestData _data = new();
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Lines_are_found_by_call_level_text_and_time_newest_last()
    {
        await using var store = Open();
        var function = TestData.Version();
        var call = InvocationId.New(_data.Time);
        store.Write(_data.Line(function, "starting"));
        store.Write(_data.Line(function, "first \"quoted\"\nline", call, FunctionLogLevel.Warn));
        _data.Time.Advance(TimeSpan.FromMinutes(1));
        var later = _data.Time.GetUtcNow();
        store.Write(_data.Line(function, "second", call, FunctionLogLevel.Error, """{"user": {"id":7},""" + "\n" + """ "tag":"Blue"}"""));

        (await Messages(store, function.Name, new LogQuery())).ShouldBe(["starting", "first \"quoted\"\nline", "second"]);
        (await Messages(store, function.Name, new LogQuery { Invocation = call })).ShouldBe(["first \"quoted\"\nline", "second"]);
        (await Messages(store, function.Name, new LogQuery { Level = FunctionLogLevel.Error })).ShouldBe(["second"]);
        (await Messages(store, function.Name, new LogQuery { Contains = "START" })).ShouldBe(["starting"]);
        (await Messages(store, function.Name, new LogQuery { Contains = "blue" })).ShouldBe(["second"]);
        (await Messages(store, function.Name, new LogQuery { Since = later })).ShouldBe(["second"]);
        (await Messages(store, function.Name, new LogQuery { Limit = 2 })).ShouldBe(["first \"quoted\"\nline", "second"]);
        (await Messages(store, TestData.Version("other").Name, new LogQuery())).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_restart_finds_what_was_written_and_survives_a_torn_last_line()
    {
        var function = TestData.Version();
        await using (var store = Open())
        {
            store.Write(_data.Line(function, "before"));
        }

        await File.AppendAllTextAsync(Files(function.Name).Single(), """{"time":"2026-01-31T12:00:00Z","mess""", _cancellation);
        await using var again = Open();
        again.Write(_data.Line(function, "after"));
        (await Messages(again, function.Name, new LogQuery())).ShouldBe(["before", "after"]);
    }

    [Fact]
    public async Task A_function_keeps_no_more_than_its_share_and_the_newest_of_it()
    {
        await using var store = Open(options => options with { SegmentBytes = 4096, FunctionBytes = 16384 });
        var function = TestData.Version();
        for (var i = 0; i < 1000; i++)
        {
            store.Write(_data.Line(function, $"line {i}"));
            if (i % 10 == 0)
            {
                await store.FlushAsync();
            }
        }

        (await Messages(store, function.Name, new LogQuery { Limit = 3 })).ShouldBe(["line 997", "line 998", "line 999"]);
        Files(function.Name).Count.ShouldBeInRange(3, 4);
        Files(function.Name).Sum(static path => new FileInfo(path).Length).ShouldBeLessThanOrEqualTo(16384);
    }

    [Fact]
    public async Task A_flood_is_cut_at_the_rate_and_the_lost_lines_are_counted_in_the_log()
    {
        await using var store = Open(options => options with { BytesPerSecond = 1000, BurstBytes = 10_000 });
        var function = TestData.Version();
        var quiet = TestData.Version("quiet");
        for (var i = 0; i < 100; i++)
        {
            store.Write(_data.Line(function, new string('x', 1000)));
        }

        store.Write(_data.Line(quiet, "still heard"));
        var lines = await Messages(store, function.Name, new LogQuery());
        lines.Count.ShouldBe(8);
        lines[^1].ShouldStartWith("93 lines dropped");
        store.DroppedLines.ShouldBe(93);
        (await Messages(store, quiet.Name, new LogQuery())).ShouldBe(["still heard"]);

        _data.Time.Advance(TimeSpan.FromSeconds(10));
        store.Write(_data.Line(function, "calm again"));
        (await Messages(store, function.Name, new LogQuery { Limit = 1 })).ShouldBe(["calm again"]);
    }

    [Fact]
    public async Task A_disk_that_cannot_be_written_loses_lines_and_nothing_else_until_it_can_be_again()
    {
        await using var store = Open();
        var function = TestData.Version();
        Directory.CreateDirectory(Path.Combine(_data.Folder, "default"));
        var obstacle = Path.Combine(_data.Folder, "default", "default");
        await File.WriteAllTextAsync(obstacle, "in the way", _cancellation);
        store.Write(_data.Line(function, "lost"));
        await store.FlushAsync();
        store.DroppedLines.ShouldBe(1);

        File.Delete(obstacle);
        store.Write(_data.Line(function, "kept"));
        (await Messages(store, function.Name, new LogQuery())).ShouldBe(["kept", "1 lines dropped: more than the node can keep"]);
    }

    [Fact]
    public async Task A_line_over_sixteen_kilobytes_is_cut_at_a_whole_character()
    {
        await using var store = Open();
        var function = TestData.Version();
        store.Write(_data.Line(function, new string('é', 10_000)));
        var message = (await Messages(store, function.Name, new LogQuery())).Single();
        message.ShouldStartWith(new string('é', 8192) + "…");
        message.ShouldEndWith("(20000 bytes, cut)");
    }

    [Theory]
    [InlineData("{not json")]
    [InlineData("{} {}")]
    [InlineData("")]
    public async Task Fields_that_are_no_JSON_are_kept_as_text(string fields)
    {
        await using var store = Open();
        var function = TestData.Version();
        store.Write(_data.Line(function, "odd", fields: fields));
        var line = (await store.QueryAsync(function.Name, new LogQuery(), _cancellation)).Single();
        using var json = JsonDocument.Parse(line);
        json.RootElement.GetProperty("fields").GetString().ShouldBe(fields);
    }

    [Fact]
    public async Task Text_that_is_no_valid_Unicode_loses_only_what_is_invalid()
    {
        await using var store = Open();
        var function = TestData.Version();
        store.Write(_data.Line(function, "a\ud800b\0c", fields: "{\"x\":\"\ud800\"}"));
        (await Messages(store, function.Name, new LogQuery())).ShouldBe(["a\ufffdb\0c"]);
    }

    [Fact]
    public async Task A_follower_gets_every_line_once_from_history_into_the_present()
    {
        await using var store = Open();
        var function = TestData.Version();
        for (var i = 0; i < 50; i++)
        {
            store.Write(_data.Line(function, $"{i}"));
        }

        using var tail = await store.FollowAsync(function.Name, new LogQuery { Contains = "" }, _cancellation);
        for (var i = 50; i < 100; i++)
        {
            store.Write(_data.Line(function, $"{i}"));
        }

        var seen = tail.History.Select(MessageOf).ToList();
        await foreach (var line in tail.ReadAsync(_cancellation))
        {
            seen.Add(MessageOf(line));
            if (seen.Count == 100)
            {
                break;
            }
        }

        seen.ShouldBe(Enumerable.Range(0, 100).Select(static i => $"{i}"));
    }

    [Fact]
    public async Task A_slow_follower_is_told_how_many_lines_it_missed()
    {
        await using var store = Open();
        var function = TestData.Version();
        using var tail = await store.FollowAsync(function.Name, new LogQuery(), _cancellation);
        for (var i = 0; i < 300; i++)
        {
            store.Write(_data.Line(function, new string('x', 15_000)));
        }

        await store.FlushAsync();
        var shown = 0;
        await foreach (var line in tail.ReadAsync(_cancellation))
        {
            if (MessageOf(line) is var message && message.EndsWith("faster than they were read", StringComparison.Ordinal))
            {
                message.ShouldStartWith($"{300 - shown} lines not shown");
                break;
            }

            shown++;
        }

        shown.ShouldBeInRange(100, 299);
    }

    [Fact]
    public async Task When_all_logs_are_too_large_together_the_stalest_function_goes_first()
    {
        await using var store = Open(options => options with { TotalBytes = 20_000 });
        string[] names = ["a", "b", "c"];
        foreach (var name in names)
        {
            store.Write(_data.Line(TestData.Version(name), new string('x', 8000)));
            await store.FlushAsync();
            _data.Time.Advance(TimeSpan.FromSeconds(1));
        }

        store.Write(_data.Line(TestData.Version("c"), "more"));
        await store.FlushAsync();
        await store.FlushAsync();
        Files(TestData.Version("a").Name).ShouldBeEmpty();
        Files(TestData.Version("b").Name).ShouldHaveSingleItem();
        Files(TestData.Version("c").Name).ShouldHaveSingleItem();
    }

    private static string MessageOf(ReadOnlyMemory<byte> line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("message").GetString()!;
    }

    private FunctionLogStore Open(Func<FunctionLogOptions, FunctionLogOptions>? change = null)
    {
        var options = new FunctionLogOptions { Directory = _data.Folder };
        return new FunctionLogStore(change?.Invoke(options) ?? options, _data.Time, NullLogger<FunctionLogStore>.Instance);
    }

    private async Task<List<string>> Messages(FunctionLogStore store, FunctionName function, LogQuery query) =>
        [.. (await store.QueryAsync(function, query, _cancellation)).Select(MessageOf)];

    private List<string> Files(FunctionName function)
    {
        var folder = Path.Combine(_data.Folder, function.ToString());
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder)] : [];
    }
}
