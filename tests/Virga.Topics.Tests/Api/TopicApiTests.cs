using System.Text.Json.Nodes;
using Virga.Topics.Messages;

namespace Virga.Topics.Tests.Api;

public sealed class TopicApiTests : IAsyncLifetime
{
    private TopicApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await TopicApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Topics_are_made_grown_listed_and_deleted()
    {
        (await _api.AskAsync("PUT", "topics/orders", """{"partitions":2}"""))["topic"]!.GetValue<string>().ShouldBe("persistent://default/default/orders");
        await _api.AskAsync("PUT", "topics/bills");
        (await _api.RefusedAsync("PUT", "topics/orders")).ShouldBe("conflict");
        (await _api.AskAsync("PATCH", "topics/orders", """{"partitions":3}"""))["partitions"]!.GetValue<int>().ShouldBe(3);

        var page = await _api.AskAsync("GET", "topics?limit=1");
        page["items"]!.AsArray().Select(static item => item!["name"]!.GetValue<string>()).ShouldBe(["bills"]);
        page = await _api.AskAsync("GET", $"topics?after={Uri.EscapeDataString(page["next"]!.GetValue<string>())}");
        page["items"]!.AsArray().Select(static item => item!["name"]!.GetValue<string>()).ShouldBe(["orders"]);

        (await _api.AskAsync("GET", "topics/orders"))["owners"]!.AsArray().Count.ShouldBe(3);
        await _api.AskAsync("DELETE", "topics/orders");
        (await _api.RefusedAsync("GET", "topics/orders")).ShouldBe("not-found");
    }

    [Fact]
    public async Task A_topic_may_be_named_in_full_and_lies_else_in_the_namespace_of_the_path()
    {
        await _api.AskAsync("PUT", "tenants/acme/namespaces/shop/topics/orders");
        await _api.AskAsync("PUT", "topics/" + Uri.EscapeDataString("non-persistent://acme/shop/live"));

        (await _api.AskAsync("GET", "tenants/acme/namespaces/shop/topics"))["items"]!.AsArray().Count.ShouldBe(2);
        (await _api.AskAsync("GET", "topics/" + Uri.EscapeDataString("acme/shop/orders")))["topic"]!.GetValue<string>().ShouldBe("persistent://acme/shop/orders");
    }

    [Fact]
    public async Task A_message_is_published_with_what_its_headers_say_and_read_as_it_was()
    {
        var id = (await _api.AskAsync(
            "POST", "topics/t/messages", """{"n":1}""", "application/json",
            ("Virga-Key", "a%20key"), ("Virga-Property", "colour=gr%C3%BCn"), ("Virga-Property", "size=xl"), ("Virga-Event-Time", "2030-01-31T12:00:00Z")))["id"]!.GetValue<string>();

        var message = (await _api.LinesAsync("topics/t/messages?from=earliest&count=1")).ShouldHaveSingleItem();

        message["id"]!.GetValue<string>().ShouldBe(id);
        message["key"]!.GetValue<string>().ShouldBe("a key");
        message["value"]!["n"]!.GetValue<int>().ShouldBe(1);
        message["properties"]!["colour"]!.GetValue<string>().ShouldBe("grün");
        message["properties"]!["size"]!.GetValue<string>().ShouldBe("xl");
        message["eventTime"]!.ToString().ShouldStartWith("2030-01-31T12:00:00");
    }

    [Fact]
    public async Task Each_line_of_a_batch_is_a_message()
    {
        var answer = await _api.AskAsync(
            "POST", "topics/t/messages", "{\"key\":\"a\",\"value\":{\"n\":1}}\n\n{\"value\":\"text\",\"properties\":{\"p\":\"q\"}}\r\n{\"base64\":\"AAH/\"}", "application/x-ndjson");

        answer["messages"]!.GetValue<int>().ShouldBe(3);
        var messages = await _api.LinesAsync("topics/t/messages?from=earliest&count=3");
        messages[0]["value"]!["n"]!.GetValue<int>().ShouldBe(1);
        messages[1]["value"]!.GetValue<string>().ShouldBe("text");
        messages[2]["base64"]!.GetValue<string>().ShouldBe("AAH/");
    }

    [Fact]
    public async Task A_bad_line_says_which_it_is_and_those_before_it_are_published()
    {
        using var response = await _api.SendAsync("POST", "topics/t/messages", "{\"value\":1}\n{\"value\":2}\n{\"values\":3}\n", "application/x-ndjson");

        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        problem["detail"]!.GetValue<string>().ShouldBe("Line 3 has neither 'value' nor 'base64'. 2 messages before it were published.");
        (await _api.LinesAsync("topics/t/messages?from=earliest&count=2")).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_numbered_message_of_a_producer_is_published_once_where_the_topic_deduplicates()
    {
        await _api.AskAsync("PUT", "topics/t");
        await _api.AskAsync("PATCH", "topics/t/policies", """{"deduplication":true}""");

        for (var i = 0; i < 3; i++)
        {
            await _api.AskAsync("POST", "topics/t/messages", "m", null, ("Virga-Producer", "p"), ("Virga-Sequence-Id", "7"));
        }

        (await _api.AskAsync("GET", "topics/t/stats"))["entries"]!.GetValue<double>().ShouldBe(1);
    }

    [Fact]
    public async Task Events_are_messages_that_are_acknowledged_when_they_are_sent()
    {
        await PublishAsync("a", "b");
        using (var events = await EventsAsync("topics/t/messages?subscription=s&from=earliest&count=2"))
        {
            (await events.NextAsync()).Kind.ShouldBe("begin");
            var (kind, id, data) = await events.NextAsync();
            kind.ShouldBe("message");
            data["value"]!.GetValue<string>().ShouldBe("a");
            id.ShouldBe(data["id"]!.GetValue<string>());
            (await events.NextAsync()).Data["value"]!.GetValue<string>().ShouldBe("b");
        }

        var stats = await _api.AskAsync("GET", "topics/t/stats");
        stats["subscriptions"]![0]!["backlog"]!.GetValue<double>().ShouldBe(0);
    }

    [Fact]
    public async Task Who_says_which_event_was_the_last_gets_those_behind_it()
    {
        await PublishAsync("a", "b", "c");
        string? second;
        using (var events = await EventsAsync("topics/t/messages?from=earliest"))
        {
            await events.NextAsync();
            await events.NextAsync();
            second = (await events.NextAsync()).Id;
        }

        using var again = await EventsAsync("topics/t/messages?from=earliest", ("Last-Event-ID", second!));
        await again.NextAsync();
        (await again.NextAsync()).Data["value"]!.GetValue<string>().ShouldBe("c");

        // A subscription for which all were acknowledged as they were sent goes back to what has arrived.
        (await _api.LinesAsync("topics/t/messages?subscription=s&from=earliest&count=3")).Count.ShouldBe(3);
        using var behind = await EventsAsync("topics/t/messages?subscription=s", ("Last-Event-ID", second!));
        await behind.NextAsync();
        (await behind.NextAsync()).Data["value"]!.GetValue<string>().ShouldBe("c");
    }

    [Fact]
    public async Task A_client_may_acknowledge_and_reject_itself()
    {
        await PublishAsync("a", "b");
        using (var events = await EventsAsync("topics/t/messages?subscription=s&type=shared&from=earliest&ack=explicit"))
        {
            var consumer = (await events.NextAsync()).Data["consumer"]!.GetValue<string>();
            var (first, second) = ((await events.NextAsync()).Id, (await events.NextAsync()).Id);

            (await _api.AskAsync("POST", "topics/t/ack", $$"""{"consumer":"{{consumer}}","ids":["{{first}}"]}"""))["acknowledged"]!.GetValue<int>().ShouldBe(1);
            await _api.AskAsync("POST", "topics/t/nack", $$"""{"consumer":"{{consumer}}","ids":["{{second}}"]}""");

            var again = await events.NextAsync();
            again.Id.ShouldBe(second);
            again.Data["redeliveries"]!.GetValue<int>().ShouldBe(1);
            (await _api.RefusedAsync("POST", "topics/t/ack", """{"consumer":"another","ids":[]}""")).ShouldBe("not-found");
        }

        (await _api.LinesAsync("topics/t/peek?subscription=s")).ShouldHaveSingleItem()["value"]!.GetValue<string>().ShouldBe("b");
    }

    [Fact]
    public async Task Subscriptions_are_made_moved_skipped_and_deleted()
    {
        await PublishAsync("a", "b", "c");
        await _api.AskAsync("PUT", "topics/t/subscriptions/s%2F1?from=earliest");
        (await _api.RefusedAsync("PUT", "topics/t/subscriptions/s%2F1")).ShouldBe("conflict");

        await _api.AskAsync("POST", "topics/t/subscriptions/s%2F1/skip", """{"messages":2}""");
        (await Peek()).ShouldBe(["c"]);
        await _api.AskAsync("POST", "topics/t/subscriptions/s%2F1/seek", """{"to":"earliest"}""");
        (await Peek()).ShouldBe(["a", "b", "c"]);
        await _api.AskAsync("POST", "topics/t/subscriptions/s%2F1/expire", """{"olderThan":"0s"}""");
        (await Peek()).ShouldBeEmpty();
        (await _api.AskAsync("GET", "topics/t/subscriptions"))["items"]![0]!["name"]!.GetValue<string>().ShouldBe("s/1");
        await _api.AskAsync("DELETE", "topics/t/subscriptions/s%2F1");
        (await _api.RefusedAsync("DELETE", "topics/t/subscriptions/s%2F1")).ShouldBe("not-found");

        async Task<IEnumerable<string>> Peek() => (await _api.LinesAsync("topics/t/peek?subscription=s%2F1")).Select(static message => message["value"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_seek_says_where_the_subscription_goes_on_also_where_nothing_is()
    {
        await PublishAsync("a", "b", "c");
        await _api.AskAsync("PUT", "topics/t/subscriptions/s?from=earliest");
        var ids = (await _api.LinesAsync("topics/t/peek?subscription=s")).Select(static message => MessageId.TryParse(message["id"]!.GetValue<string>(), out var id) ? id : default).ToList();
        var last = ids[2].Position;

        (await SeekAsync(ids[1].ToString())).ShouldBe((ids[1].ToString(), 2));
        (await SeekAsync("latest")).ShouldBe(($"{last.Ledger}:{last.Entry + 1}", 0));
        (await SeekAsync(ids[0].ToString())).ShouldBe((ids[0].ToString(), 3));
        (await SeekAsync($"{last.Ledger + 1000}:7")).ShouldBe(($"{last.Ledger}:{last.Entry + 1}", 0));
        (await SeekAsync("0:0")).ShouldBe((ids[0].ToString(), 3));

        async Task<(string, int)> SeekAsync(string to)
        {
            var answer = await _api.AskAsync("POST", "topics/t/subscriptions/s/seek", $$"""{"to":"{{to}}"}""");
            var part = answer["parts"].ShouldBeOfType<JsonArray>().ShouldHaveSingleItem()!;
            part["topic"]!.GetValue<string>().ShouldBe("persistent://default/default/t");
            return (part["next"]!.GetValue<string>(), part["backlog"]!.GetValue<int>());
        }
    }

    [Fact]
    public async Task A_seek_of_a_partitioned_topic_has_to_say_which_partition_an_id_is_in()
    {
        await _api.AskAsync("PUT", "topics/parted", """{"partitions":2}""");
        await _api.AskAsync("PUT", "topics/parted/subscriptions/s?from=earliest");

        (await _api.RefusedAsync("POST", "topics/parted/subscriptions/s/seek", """{"to":"1:0"}""")).ShouldBe("invalid-request");
        (await _api.RefusedAsync("POST", "topics/parted/subscriptions/s/seek", """{"to":"1:0:2"}""")).ShouldBe("invalid-request");
        (await MovedAsync("1:0:1")).ShouldBe(["persistent://default/default/parted-partition-1"]);
        (await MovedAsync("earliest")).Count().ShouldBe(2);

        async Task<IEnumerable<string>> MovedAsync(string to) =>
            (await _api.AskAsync("POST", "topics/parted/subscriptions/s/seek", $$"""{"to":"{{to}}"}"""))["parts"]!.AsArray().Select(static part => part!["topic"]!.GetValue<string>());
    }

    [Fact]
    public async Task Policies_change_member_by_member()
    {
        await _api.AskAsync("PATCH", "topic-policies", """{"ttlSeconds":60,"maxProducers":3}""");
        await _api.AskAsync("PUT", "topics/t");

        var policies = await _api.AskAsync("PATCH", "topics/t/policies", """{"ttlSeconds":5,"retention":{"seconds":-1,"bytes":-1}}""");
        policies["policies"]!["ttlSeconds"]!.GetValue<int>().ShouldBe(5);
        policies["effective"]!["maxProducers"]!.GetValue<int>().ShouldBe(3);
        policies = await _api.AskAsync("PATCH", "topics/t/policies", """{"ttlSeconds":null}""");
        policies["policies"]!["ttlSeconds"].ShouldBeNull();
        policies["effective"]!["ttlSeconds"]!.GetValue<int>().ShouldBe(60);
        policies["policies"]!["retention"].ShouldNotBeNull();

        (await _api.RefusedAsync("PATCH", "topics/t/policies", """{"ttl":5}""")).ShouldBe("invalid-request");
        (await _api.RefusedAsync("PATCH", "topics/t/policies", """{"ttlSeconds":"x"}""")).ShouldBe("invalid-request");
    }

    [Fact]
    public async Task Figures_come_again_and_again_to_who_watches()
    {
        await _api.AskAsync("PUT", "topics/t", """{"partitions":2}""");
        using var response = await _api.SendAsync("GET", "topics/t/stats?watch=100ms");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        for (var i = 0; i < 3; i++)
        {
            var stats = JsonNode.Parse((await lines.ReadLineAsync(TestContext.Current.CancellationToken))!)!;
            stats["partitions"]!.GetValue<int>().ShouldBe(2);
            stats["parts"]!.AsArray().Count.ShouldBe(2);
        }
    }

    [Fact]
    public async Task An_ended_topic_ends_its_streams()
    {
        await PublishAsync("a");
        await _api.AskAsync("POST", "topics/t/terminate");

        using var events = await EventsAsync("topics/t/messages?from=earliest");
        await events.NextAsync();
        (await events.NextAsync()).Data["value"]!.GetValue<string>().ShouldBe("a");
        (await events.NextAsync()).Kind.ShouldBe("end");
        (await _api.RefusedAsync("POST", "topics/t/messages", "b")).ShouldBe("topic-terminated");
    }

    [Theory]
    [InlineData("topics/t/messages?subscription=s&from=earliest&count=2")]
    [InlineData("topics/t/messages?from=earliest")]
    public async Task A_node_that_stops_says_so_in_its_streams(string path)
    {
        await PublishAsync("a");
        using var response = await _api.SendAsync("GET", path);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        (await lines.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldNotBeNull();

        var stopping = _api.StopAsync();

        JsonNode.Parse((await lines.ReadLineAsync(TestContext.Current.CancellationToken))!)!["problem"]!["type"]!.GetValue<string>().ShouldEndWith("unavailable");
        (await lines.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldBeNull();
        await stopping;
    }

    [Theory]
    [InlineData("GET", "topics/a%20b", null, "invalid-name")]
    [InlineData("GET", "topics/missing/stats", null, "not-found")]
    [InlineData("GET", "topics/t/messages?subscription=s&type=some", null, "invalid-request")]
    [InlineData("GET", "topics/t/messages?from=yesterday", null, "invalid-request")]
    [InlineData("GET", "topics/t/messages?count=0", null, "invalid-request")]
    [InlineData("GET", "topics/t/messages?type=shared", null, "invalid-request")]
    [InlineData("GET", "topics/t/messages?ack=explicit", null, "invalid-request")]
    [InlineData("PUT", "topics/new", """{"partition":3}""", "invalid-request")]
    [InlineData("GET", "topics/t/messages?subscription=s&ack=perhaps", null, "invalid-request")]
    [InlineData("POST", "topics/t/subscriptions/s/seek", "{}", "invalid-request")]
    [InlineData("POST", "topics/t/subscriptions/s/seek", "no json", "invalid-body")]
    [InlineData("POST", "topics/t/subscriptions/s/skip", """{"messages":-1}""", "invalid-request")]
    [InlineData("PUT", "topics/t?partitions=many", null, "invalid-request")]
    [InlineData("POST", "topics/t/ack", """{"ids":["1:1"]}""", "invalid-request")]
    public async Task What_cannot_be_read_is_a_problem_that_says_so(string method, string path, string? body, string slug) => (await _api.RefusedAsync(method, path, body)).ShouldBe(slug);

    [Fact]
    public async Task A_message_over_the_limit_is_refused()
    {
        await _api.AskAsync("PATCH", "topic-policies", """{"maxMessageBytes":2000}""");

        (await _api.RefusedAsync("POST", "topics/t/messages", new string('x', 3000))).ShouldBe("message-too-large");
        (await _api.RefusedAsync("POST", "topics/t/messages", "m", null, ("Virga-Sequence-Id", "1"))).ShouldBe("invalid-request");
    }

    private async Task PublishAsync(params string[] texts)
    {
        foreach (var text in texts)
        {
            await _api.AskAsync("POST", "topics/t/messages", text);
        }
    }

    private async Task<EventReader> EventsAsync(string path, params (string, string)[] headers)
    {
        var response = await _api.SendAsync("GET", path, null, null, [("Accept", "text/event-stream"), .. headers]);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("text/event-stream", response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return new EventReader(response);
    }
}
