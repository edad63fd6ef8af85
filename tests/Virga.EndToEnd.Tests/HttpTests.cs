using System.Net;
using System.Net.WebSockets;
using System.Text;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>What a function sees of an HTTP request, and what a client sees of its answer.</summary>
public sealed class HttpTests(EchoNode node) : IClassFixture<EchoNode>
{
    [Fact]
    public async Task A_route_hands_its_parameters_the_query_and_the_headers_to_the_function()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/users/7%2F8?n=1&n=2&m=%C3%A9");
        request.Headers.Add("X-Colour", "blue");

        var seen = (await node.SendAsync(request)).Json;

        seen["method"]!.ToString().ShouldBe("GET");
        seen["params"]!["id"]!.ToString().ShouldBe("7/8");
        seen["query"]!["n"]!.ToString().ShouldBe("2");
        seen["query"]!["m"]!.ToString().ShouldBe("é");
        seen["headers"]!["x-colour"]!.ToString().ShouldBe("blue");
    }

    [Fact]
    public async Task A_wildcard_takes_the_rest_of_the_path() =>
        (await node.GetAsync("/files/a/b/c.txt")).Json["params"]!["rest"]!.ToString().ShouldBe("a/b/c.txt");

    [Fact]
    public async Task A_JSON_body_arrives_parsed_and_a_text_body_as_text()
    {
        (await node.PostAsync("/f/echo", """{"deep":[1,{"x":true}]}""", "application/json")).Json["body"]!["deep"]![1]!["x"]!.GetValue<bool>().ShouldBeTrue();
        (await node.PostAsync("/f/echo", "just text")).Json["body"]!.ToString().ShouldBe("just text");
    }

    [Fact]
    public async Task A_body_that_is_not_the_JSON_it_claims_to_be_is_the_clients_fault() =>
        (await node.PostAsync("/f/echo", "{", "application/json")).ShouldBeProblem(400, "invalid-body");

    [Fact]
    public async Task A_function_chooses_its_status_and_headers()
    {
        var answer = await node.GetAsync("/f/teapot");

        answer.Status.ShouldBe(418);
        answer.Body.ShouldBe("short and stout");
        answer.Header("X-Lid").ShouldBe("on");
        answer.Header("Content-Type")!.ShouldStartWith("text/plain");
    }

    [Fact]
    public async Task Every_answer_tells_its_invocation_its_start_and_its_times()
    {
        var first = await node.GetAsync("/f/echo");
        var second = await node.GetAsync("/f/echo");

        second.Invocation.Length.ShouldBe(26);
        second.Invocation.ShouldNotBe(first.Invocation);
        second.Header("Virga-Start").ShouldBe("warm");
        second.Header("Server-Timing")!.ShouldMatch(@"^queue;dur=[\d.]+, start;dur=[\d.]+, run;dur=[\d.]+$");
        node.FirstStart.ShouldBe("cold");
    }

    [Theory]
    [InlineData("/f/echo", "/")]
    [InlineData("/f/echo/", "/")]
    [InlineData("/f/echo/deep/er", "/deep/er")]
    [InlineData("/f/echo:live/x", "/x")]
    [InlineData("/f/echo:1", "/")]
    [InlineData("/f/default/default/echo/x", "/x")]
    public async Task A_function_url_leads_to_the_function_with_the_rest_as_its_path(string url, string path) =>
        (await node.GetAsync(url)).Json["path"]!.ToString().ShouldBe(path);

    [Fact]
    public async Task Where_nothing_is_the_answer_is_a_404_that_says_so()
    {
        (await node.GetAsync("/nowhere")).ShouldBeProblem(404, "no-route");
        (await node.GetAsync("/f/nobody")).ShouldBeProblem(404, "not-found").ShouldContain("nobody");
        (await node.GetAsync("/f/echo:99")).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task A_method_that_the_route_does_not_take_is_a_405_with_those_it_does()
    {
        var answer = await node.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/users/7"));

        answer.ShouldBeProblem(405, "method-not-allowed");
        answer.Header("Allow")!.ShouldContain("GET");
    }

    [Fact]
    public async Task HEAD_is_answered_by_the_GET_route_without_a_body()
    {
        var answer = await node.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/users/7"));

        answer.Status.ShouldBe(200);
        answer.Body.ShouldBeEmpty();
    }

    [Fact]
    public async Task OPTIONS_goes_to_a_route_that_takes_every_method_and_is_else_a_405_with_Allow()
    {
        var function = await node.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/f/echo"));
        var route = await node.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/users/7"));

        function.Json["method"]!.ToString().ShouldBe("OPTIONS");
        route.ShouldBeProblem(405, "method-not-allowed");
        route.Header("Allow").ShouldBe("GET, HEAD");
    }

    [Fact]
    public async Task HTTP_2_is_spoken_without_an_upgrade()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/f/echo") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await node.Http.SendAsync(request, TestContext.Current.CancellationToken);

        response.Version.ShouldBe(HttpVersion.Version20);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Server_sent_events_arrive_one_by_one()
    {
        using var call = await HeldCall.BeginAsync(node, "/f/held");

        // The answer's first part is here while the function still waits for the request's end.
        (await call.EndAsync()).ShouldBe("begun, done");
        var events = await node.GetAsync("/f/events");
        events.Header("Content-Type")!.ShouldStartWith("text/event-stream");
        events.Body.ShouldBe("data: 1\n\ndata: 2\n\ndata: 3\n\n");
    }

    [Theory]
    [InlineData("socket")]
    [InlineData("socket-python")]
    [InlineData("socket-csharp")]
    public async Task A_WebSocket_reaches_the_function_and_closes_in_order(string function)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(node.Gateway) { Scheme = "ws", Path = $"/f/{function}" }.Uri, TestContext.Current.CancellationToken);
        var buffer = new byte[1024];
        foreach (var word in (string[])["one", "two"])
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(word), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
            var received = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe("echo " + word);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", TestContext.Current.CancellationToken);

        socket.State.ShouldBe(WebSocketState.Closed);
        (await node.RecordAsync(function, _ => true))["trigger"]!.ToString().ShouldBe("websocket");
    }

    [Fact]
    public async Task A_header_with_a_line_break_never_reaches_the_client()
    {
        var answer = await node.GetAsync("/f/injection");

        answer.ShouldBeProblem(500, "invalid-answer");
        answer.Header("Set-Cookie").ShouldBeNull();
    }

    [Fact]
    public async Task A_trace_goes_on_in_the_function()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        var request = new HttpRequestMessage(HttpMethod.Get, "/f/trace");
        request.Headers.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");

        (await node.SendAsync(request)).Body.ShouldContain(Trace);
    }
}
