using System.Net.WebSockets;
using System.Text;

namespace Virga.Pulsar.Tests.Http;

public sealed class WebSocketTests : IAsyncLifetime
{
    private const string Topic = "persistent/public/default/t";
    private PulsarHttp _http = null!;

    public async ValueTask InitializeAsync() => _http = await PulsarHttp.StartAsync();

    public ValueTask DisposeAsync() => _http.DisposeAsync();

    [Fact]
    public async Task What_a_producer_sends_a_consumer_gets_with_all_that_is_said_of_it()
    {
        using var consumer = await _http.ConnectAsync($"ws/v2/consumer/{Topic}/s");
        using var producer = await _http.ConnectAsync($"ws/v2/producer/{Topic}");

        await PulsarHttp.SendAsync(producer, $$"""{"payload":"{{Base64("hello")}}","key":"k","properties":{"a":"b"},"context":"1","eventTime":"2030-01-31T12:00:00.000Z"}""");

        var answer = await PulsarHttp.ReceiveAsync(producer);
        answer["result"]!.ToString().ShouldBe("ok");
        answer["context"]!.ToString().ShouldBe("1");
        var message = await PulsarHttp.ReceiveAsync(consumer);
        message["messageId"]!.ToString().ShouldBe(answer["messageId"]!.ToString());
        message["payload"]!.ToString().ShouldBe(Base64("hello"));
        message["key"]!.ToString().ShouldBe("k");
        message["properties"]!["a"]!.ToString().ShouldBe("b");
        message["eventTime"]!.ToString().ShouldBe("2030-01-31T12:00:00.000Z");
        message["redeliveryCount"]!.GetValue<int>().ShouldBe(0);
    }

    [Fact]
    public async Task What_cannot_be_published_is_answered_with_the_number_of_the_error()
    {
        using var producer = await _http.ConnectAsync($"ws/v2/producer/{Topic}");

        await PulsarHttp.SendAsync(producer, "no json");
        (await PulsarHttp.ReceiveAsync(producer))["result"]!.ToString().ShouldBe("send-error:3");
        await PulsarHttp.SendAsync(producer, """{"payload":"not base64!","context":"2"}""");
        var refused = await PulsarHttp.ReceiveAsync(producer);
        refused["result"]!.ToString().ShouldBe("send-error:7");
        refused["context"]!.ToString().ShouldBe("2");
        await PulsarHttp.SendAsync(producer, $$"""{"payload":"{{Base64("later")}}","deliverAfterMs":"soon"}""");
        (await PulsarHttp.ReceiveAsync(producer))["errorMsg"]!.ToString().ShouldContain("deliverAfterMs");
        await PulsarHttp.SendAsync(producer, $$"""{"payload":"{{Base64("fine")}}"}""");
        (await PulsarHttp.ReceiveAsync(producer))["result"]!.ToString().ShouldBe("ok");
    }

    [Fact]
    public async Task No_more_is_pushed_than_is_acknowledged_and_what_is_rejected_comes_again()
    {
        await PublishAsync("a", "b", "c");
        using var consumer = await _http.ConnectAsync($"ws/v2/consumer/{Topic}/s?subscriptionType=Shared&subscriptionInitialPosition=Earliest&receiverQueueSize=1&negativeAckRedeliveryDelay=10");
        var first = await PulsarHttp.ReceiveAsync(consumer);
        Text(first).ShouldBe("a");

        await PulsarHttp.SendAsync(consumer, $$"""{"type":"negativeAcknowledge","messageId":"{{first["messageId"]}}"}""");

        var seen = new List<string>();
        while (seen.Count < 3)
        {
            var message = await PulsarHttp.ReceiveAsync(consumer);
            seen.Add(Text(message));
            await PulsarHttp.SendAsync(consumer, $$"""{"messageId":"{{message["messageId"]}}"}""");
        }

        seen.Order().ShouldBe(["a", "b", "c"]);
    }

    [Fact]
    public async Task A_consumer_that_pulls_gets_what_it_permits()
    {
        await PublishAsync("a", "b", "c");
        using var consumer = await _http.ConnectAsync($"ws/v2/consumer/{Topic}/s?pullMode=true&subscriptionInitialPosition=Earliest");
        await PulsarHttp.SendAsync(consumer, """{"type":"isEndOfTopic"}""");
        (await PulsarHttp.ReceiveAsync(consumer))["endOfTopic"]!.GetValue<bool>().ShouldBeFalse();

        await PulsarHttp.SendAsync(consumer, """{"type":"permit","permitMessages":2}""");

        Text(await PulsarHttp.ReceiveAsync(consumer)).ShouldBe("a");
        Text(await PulsarHttp.ReceiveAsync(consumer)).ShouldBe("b");
        await PulsarHttp.SendAsync(consumer, """{"type":"isEndOfTopic"}""");
        (await PulsarHttp.ReceiveAsync(consumer))["endOfTopic"].ShouldNotBeNull();
    }

    [Fact]
    public async Task A_reader_begins_where_it_says()
    {
        await PublishAsync("a", "b");
        using var reader = await _http.ConnectAsync($"ws/v2/reader/{Topic}?messageId=earliest");
        var first = await PulsarHttp.ReceiveAsync(reader);
        Text(first).ShouldBe("a");

        using var behind = await _http.ConnectAsync($"ws/v2/reader/{Topic}?messageId={Uri.EscapeDataString(first["messageId"]!.ToString())}");

        Text(await PulsarHttp.ReceiveAsync(behind)).ShouldBe("b");
    }

    [Fact]
    public async Task A_refusal_is_the_answer_to_the_upgrade()
    {
        using var first = await _http.ConnectAsync($"ws/v2/consumer/{Topic}/s");

        (await Should.ThrowAsync<WebSocketException>(async () => await _http.ConnectAsync($"ws/v2/consumer/{Topic}/s"))).Message.ShouldContain("409");
        (await Should.ThrowAsync<WebSocketException>(async () => await _http.ConnectAsync($"ws/v2/consumer/{Topic}/s?subscriptionType=Some"))).Message.ShouldContain("400");
        (await _http.AskAsync("GET", $"ws/v2/producer/{Topic}")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task A_page_of_another_origin_gets_no_socket()
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", "https://elsewhere.example");

        (await Should.ThrowAsync<WebSocketException>(async () => await socket.ConnectAsync(
            new Uri(_http.Client.BaseAddress!.ToString().Replace("http", "ws", StringComparison.Ordinal) + $"ws/v2/producer/{Topic}"), TestContext.Current.CancellationToken))).Message.ShouldContain("403");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Text(System.Text.Json.Nodes.JsonNode message) => Encoding.UTF8.GetString(Convert.FromBase64String(message["payload"]!.ToString()));

    private async Task PublishAsync(params string[] texts)
    {
        using var producer = await _http.ConnectAsync($"ws/v2/producer/{Topic}");
        foreach (var text in texts)
        {
            await PulsarHttp.SendAsync(producer, $$"""{"payload":"{{Base64(text)}}"}""");
            (await PulsarHttp.ReceiveAsync(producer))["result"]!.ToString().ShouldBe("ok");
        }
    }
}
