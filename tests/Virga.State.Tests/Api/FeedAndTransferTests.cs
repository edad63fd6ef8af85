using System.Net;
using System.Text.Json.Nodes;

namespace Virga.State.Tests.Api;

public sealed class FeedAndTransferTests : IAsyncLifetime
{
    private StateNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await StateNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Keys_are_listed_by_prefix_in_pages()
    {
        foreach (var key in (string[])["b/2", "a", "b/1", "c", "b/3"])
        {
            await _node.AskAsync("PUT", "state/" + key, "1", "application/json");
        }

        var first = await _node.AskAsync("GET", "state?prefix=b/&limit=2");
        var rest = await _node.AskAsync("GET", $"state?prefix=b/&limit=2&after={first!["next"]}");

        Keys(first).ShouldBe(["b/1", "b/2"]);
        first["items"]![0]!["kind"]!.ToString().ShouldBe("lww");
        Keys(rest).ShouldBe(["b/3"]);
        rest!["next"].ShouldBeNull();
        (await _node.RefusedAsync("GET", "state?limit=0")).Detail.ShouldBe("limit is '0'; it must be a number from 1 to 1000.");
    }

    [Fact]
    public async Task Keys_of_the_platform_are_listed_and_followed_only_when_they_are_asked_for()
    {
        var begin = await _node.AskAsync("GET", "state-changes");
        await _node.AskAsync("PUT", "state/!a", "1", "application/json");
        for (var i = 0; i < 5; i++)
        {
            await _node.PutPlatformsAsync($"$inbox/{i}");
        }

        await _node.AskAsync("PUT", "state/b", "1", "application/json");

        var first = await _node.AskAsync("GET", "state?limit=1");
        Keys(first).ShouldBe(["!a"]);
        Keys(await _node.AskAsync("GET", $"state?limit=2&after={Uri.EscapeDataString(first!["next"]!.ToString())}")).ShouldBe(["b"]);
        Keys(await _node.AskAsync("GET", "state")).ShouldBe(["!a", "b"]);
        Keys(await _node.AskAsync("GET", "state?prefix=$inbox/&limit=2")).ShouldBe(["$inbox/0", "$inbox/1"]);
        Keys(await _node.AskAsync("GET", $"state-changes?cursor={begin!["cursor"]}")).Order(StringComparer.Ordinal).ShouldBe(["!a", "b"]);
        Keys(await _node.AskAsync("GET", $"state-changes?prefix=$&cursor={begin["cursor"]}")).Count().ShouldBe(5);
    }

    [Fact]
    public async Task A_poll_gives_changes_with_their_values()
    {
        var begin = await _node.AskAsync("GET", "state-changes?prefix=w/");
        begin!["items"]!.AsArray().ShouldBeEmpty();
        await _node.AskAsync("PUT", "state/w/a", "\"x\"", "application/json");
        await _node.AskAsync("PUT", "state/other", "1", "application/json");
        await _node.AskAsync("PATCH", "state/w/n", """{"counter":{"increment":3}}""");
        await _node.AskAsync("PUT", "state/w/b", "raw");
        await _node.AskAsync("PUT", "state/w/gone", "1", "application/json");
        await _node.AskAsync("DELETE", "state/w/gone");

        var changes = await _node.AskAsync("GET", $"state-changes?prefix=w/&cursor={begin["cursor"]}&wait=10s");

        var byKey = changes!["items"]!.AsArray().ToDictionary(item => item!["key"]!.ToString(), item => item!);
        byKey.Keys.Order(StringComparer.Ordinal).ShouldBe(["w/a", "w/b", "w/gone", "w/n"]);
        byKey["w/a"]["value"]!.ToString().ShouldBe("x");
        byKey["w/a"]["content"]!.ToString().ShouldBe("json");
        byKey["w/n"]["value"]!.GetValue<int>().ShouldBe(3);
        byKey["w/b"]["value"]!["bytes"]!.ToString().ShouldBe(Convert.ToBase64String("raw"u8));
        byKey["w/gone"]["deleted"]!.GetValue<bool>().ShouldBeTrue();
        (await _node.AskAsync("GET", $"state-changes?prefix=w/&cursor={changes["cursor"]}"))!["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_poll_that_waits_is_answered_by_the_first_change()
    {
        var begin = await _node.AskAsync("GET", "state-changes");
        var waiting = _node.AskAsync("GET", $"state-changes?cursor={begin!["cursor"]}&wait=60s");

        await _node.AskAsync("PUT", "state/k", "1", "application/json");

        Keys(await waiting).ShouldBe(["k"]);
    }

    [Fact]
    public async Task Large_values_are_left_out_of_the_feed()
    {
        var begin = await _node.AskAsync("GET", "state-changes");
        using var put = await _node.SendAsync("PUT", "state/large", new byte[100_000], null);

        var change = (await _node.AskAsync("GET", $"state-changes?cursor={begin!["cursor"]}&wait=10s"))!["items"]!.AsArray().Single()!.AsObject();

        change.ContainsKey("value").ShouldBeFalse();
        change["size"]!.GetValue<int>().ShouldBeGreaterThan(100_000);
    }

    [Fact]
    public async Task The_feed_is_a_stream_of_events_for_those_who_accept_one()
    {
        using var answer = await _node.SendAsync("GET", "state-changes?prefix=s/", headers: ("Accept", "text/event-stream"));
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        (await NextEventAsync(reader)).Event.ShouldBe("begin");

        await _node.AskAsync("PUT", "state/s/a", "1", "application/json");
        var first = await NextEventAsync(reader);
        await _node.AskAsync("PUT", "state/s/b", "2", "application/json");
        var second = await NextEventAsync(reader);

        (first.Event, JsonNode.Parse(first.Data)!["key"]!.ToString()).ShouldBe(("change", "s/a"));
        JsonNode.Parse(second.Data)!["key"]!.ToString().ShouldBe("s/b");

        // A client that comes back with the last id that it saw goes on behind it.
        using var again = await _node.SendAsync("GET", "state-changes?prefix=s/", headers: [("Accept", "text/event-stream"), ("Last-Event-ID", first.Id)]);
        using var rest = new StreamReader(await again.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        (await NextEventAsync(rest)).Event.ShouldBe("begin");
        JsonNode.Parse((await NextEventAsync(rest)).Data)!["key"]!.ToString().ShouldBe("s/b");
    }

    [Theory]
    [InlineData("cursor=x")]
    [InlineData("wait=2h")]
    [InlineData("wait=soon")]
    [InlineData("limit=5000")]
    [InlineData("cursor=1&cursor=2")]
    public async Task A_parameter_that_cannot_be_read_is_named(string query)
    {
        var (status, slug, detail) = await _node.RefusedAsync("GET", "state-changes?" + query);

        (status, slug).ShouldBe((400, "invalid-request"));
        detail.ShouldContain(query[..query.IndexOf('=', StringComparison.Ordinal)], Case.Insensitive);
    }

    [Fact]
    public async Task A_cursor_that_is_too_old_is_told()
    {
        (await _node.RefusedAsync("GET", "state-changes?cursor=1")).Slug.ShouldBe("changes-lost");
    }

    [Fact]
    public async Task What_is_exported_is_imported_elsewhere_with_all_that_is_known_of_it()
    {
        await _node.AskAsync("PUT", "state/e/text?ttl=1h", "hello", "text/plain");
        await _node.AskAsync("PUT", "state/e/json", """{"a":1}""", "application/json");
        await _node.AskAsync("PATCH", "state/e/hits", """{"counter":{"increment":7}}""");
        await _node.AskAsync("PATCH", "state/e/users", """{"set":{"add":["ada"]}}""");
        await _node.AskAsync("PUT", "state/other", "1", "application/json");
        var lines = await _node.Client.GetStringAsync("state-export?prefix=e/", TestContext.Current.CancellationToken);
        await using var other = await StateNode.StartAsync();

        (await other.AskAsync("POST", "state-import", lines))!["keys"]!.GetValue<int>().ShouldBe(4);
        (await other.AskAsync("POST", "state-import", lines))!["keys"]!.GetValue<int>().ShouldBe(4);

        (await other.Client.GetStringAsync("state-export", TestContext.Current.CancellationToken)).ShouldBe(lines);
        (await other.AskAsync("GET", "state/e/hits"))!.GetValue<int>().ShouldBe(7);
        (await other.AskAsync("GET", "state/e/users"))!.ToJsonString().ShouldBe("""["ada"]""");

        // It is a merge: what each side counted is counted.
        await _node.AskAsync("PATCH", "state/e/hits", """{"counter":{"increment":1}}""");
        await other.AskAsync("PATCH", "state/e/hits", """{"counter":{"increment":2}}""");
        await other.AskAsync("POST", "state-import", await _node.Client.GetStringAsync("state-export", TestContext.Current.CancellationToken));
        (await other.AskAsync("GET", "state/e/hits"))!.GetValue<int>().ShouldBe(10);
    }

    [Theory]
    [InlineData("nonsense", "is no JSON object")]
    [InlineData("[]", "is no JSON object")]
    [InlineData("""{"record":"AA=="}""", "has no valid 'key'")]
    [InlineData("""{"key":"k"}""", "has no 'record'")]
    [InlineData("""{"key":"k","record":"###"}""", "is no JSON object")]
    [InlineData("""{"key":"k","record":"AA=="}""", "has a record that cannot be read")]
    [InlineData("""{"key":"k","record":""}""", "has a record that cannot be read")]
    public async Task The_first_bad_line_of_an_import_ends_it_and_is_named(string line, string what)
    {
        await _node.AskAsync("PUT", "state/good", "1", "application/json");
        var good = await _node.Client.GetStringAsync("state-export", TestContext.Current.CancellationToken);

        var (status, slug, detail) = await _node.RefusedAsync("POST", "state-import", good + "\n" + line + "\n" + good);

        (status, slug).ShouldBe((400, "invalid-request"));
        detail.ShouldStartWith($"Line 3 of the import {what}");
        detail.ShouldEndWith(" 1 keys before it were imported.");
    }

    [Fact]
    public async Task Keys_of_the_platform_are_neither_exported_nor_imported()
    {
        await _node.AskAsync("PUT", "state/k", "1", "application/json");
        var line = await _node.Client.GetStringAsync("state-export", TestContext.Current.CancellationToken);

        (await _node.RefusedAsync("POST", "state-import", line.Replace("\"k\"", "\"$k\"", StringComparison.Ordinal))).Detail.ShouldStartWith("Line 1 of the import is about '$k', which belongs to the platform.");
    }

    [Fact]
    public async Task Random_bytes_are_imported_as_nothing_and_break_nothing()
    {
        const int Seed = 20261125;
        var random = new Random(Seed);
        for (var round = 0; round < 200; round++)
        {
            var record = new byte[random.Next(1, 60)];
            random.NextBytes(record);
            record[0] = 1;
            record[^1] %= 12;
            using var answer = await _node.SendAsync("POST", "state-import", $$"""{"key":"fuzz","record":"{{Convert.ToBase64String(record)}}"}""");
            answer.StatusCode.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.BadRequest);
            TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}, round {round}: {answer.StatusCode}");
        }
    }

    private static IEnumerable<string> Keys(JsonNode? answer) => answer!["items"]!.AsArray().Select(item => item!["key"]!.ToString());

    private static async Task<(string Id, string Event, string Data)> NextEventAsync(StreamReader reader)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Length == 0 && fields.TryGetValue("event", out var name))
            {
                return (fields.GetValueOrDefault("id", ""), name, fields["data"]);
            }

            if (line.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon)
            {
                fields[line[..colon]] = line[(colon + 2)..];
            }
        }

        throw new InvalidOperationException("The stream ended.");
    }
}
