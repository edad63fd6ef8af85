using System.Net.WebSockets;
using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class WebSocketTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_go_both_ways_as_text_and_as_bytes()
    {
        var function = new ScriptedChannel();
        await using var gateway = await StartAsync(function);
        using var socket = await ConnectAsync(gateway);

        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Cancellation);
        (await function.HearAsync(Cancellation)).ShouldBe(("hello", true));
        await socket.SendAsync("one "u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: false, Cancellation);
        await socket.SendAsync(Encoding.UTF8.GetBytes(new string('x', 100_000)), WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
        (await function.HearAsync(Cancellation)).ShouldBe(("one " + new string('x', 100_000), false));
        function.Say("back");

        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
        received.MessageType.ShouldBe(WebSocketMessageType.Text);
        Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe("back");
    }

    [Fact]
    public async Task A_close_of_the_client_reaches_the_function()
    {
        var function = new ScriptedChannel();
        await using var gateway = await StartAsync(function);
        using var socket = await ConnectAsync(gateway);

        await socket.CloseAsync((WebSocketCloseStatus)4001, "bye", Cancellation);

        (await function.ClosedByClient).ShouldBe((4001, "bye"));
        socket.CloseStatus.ShouldBe((WebSocketCloseStatus)4001);
    }

    [Fact]
    public async Task A_close_of_the_function_reaches_the_client()
    {
        var function = new ScriptedChannel();
        await using var gateway = await StartAsync(function);
        using var socket = await ConnectAsync(gateway);

        function.Say("last words");
        function.Close(4002, "done");

        await socket.ReceiveAsync(new byte[100].AsMemory(), Cancellation);
        (await socket.ReceiveAsync(new byte[100].AsMemory(), Cancellation)).MessageType.ShouldBe(WebSocketMessageType.Close);
        socket.CloseStatus.ShouldBe((WebSocketCloseStatus)4002);
        socket.CloseStatusDescription.ShouldBe("done");
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Cancellation);
    }

    [Fact]
    public async Task A_function_that_fails_closes_with_1011()
    {
        var function = new ScriptedChannel();
        await using var gateway = await StartAsync(function);
        using var socket = await ConnectAsync(gateway);

        function.Fail(KnownProblems.Crashed("The instance ended."));

        (await socket.ReceiveAsync(new byte[100].AsMemory(), Cancellation)).MessageType.ShouldBe(WebSocketMessageType.Close);
        socket.CloseStatus.ShouldBe(WebSocketCloseStatus.InternalServerError);
    }

    [Fact]
    public async Task A_message_over_the_limit_closes_with_1009()
    {
        var function = new ScriptedChannel();
        await using var gateway = await StartAsync(function, new GatewayOptions { MaxMessageBytes = 1000 });
        using var socket = await ConnectAsync(gateway);

        await socket.SendAsync(new byte[1001], WebSocketMessageType.Binary, endOfMessage: true, Cancellation);

        (await socket.ReceiveAsync(new byte[100].AsMemory(), Cancellation)).MessageType.ShouldBe(WebSocketMessageType.Close);
        socket.CloseStatus.ShouldBe(WebSocketCloseStatus.MessageTooBig);
        (await function.ClosedByClient).Code.ShouldBe(1009);
    }

    [Fact]
    public async Task A_client_that_vanishes_is_a_close_1006_for_the_function()
    {
        var function = new ScriptedChannel();
        await using var gateway = await StartAsync(function);
        var socket = await ConnectAsync(gateway);

        socket.Abort();

        (await function.ClosedByClient).Code.ShouldBe(1006);
    }

    [Fact]
    public async Task The_function_chooses_among_the_offered_subprotocols()
    {
        var function = new ScriptedChannel();
        await using var gateway = (await RunningGateway.StartAsync()).With("chat", _ => ScriptedResult.Socket(function, ("sec-websocket-protocol", "v2")));
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v1");
        socket.Options.AddSubProtocol("v2");

        await socket.ConnectAsync(AddressOf(gateway), Cancellation);

        socket.SubProtocol.ShouldBe("v2");
    }

    [Fact]
    public async Task A_function_may_refuse_with_a_plain_answer()
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("chat", invocation =>
        {
            invocation.Trigger.ShouldBe(Trigger.WebSocket);
            return ScriptedResult.Answer(403, "no", ("x-a", "1"));
        });
        using var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };

        await Should.ThrowAsync<WebSocketException>(async () => await socket.ConnectAsync(AddressOf(gateway), Cancellation));

        ((int)socket.HttpStatusCode).ShouldBe(403);
    }

    [Theory]
    [InlineData("12", "AAAAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("13", "short")]
    public async Task A_handshake_that_breaks_the_protocol_is_refused(string version, string key)
    {
        await using var gateway = await StartAsync(new ScriptedChannel());

        var answer = await gateway.SendRawAsync(
            $"GET /f/chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n\r\n");

        answer.ShouldStartWith("HTTP/1.1 400 ");
    }

    private static async Task<RunningGateway> StartAsync(ScriptedChannel function, GatewayOptions? options = null) =>
        (await RunningGateway.StartAsync(options)).With("chat", _ => ScriptedResult.Socket(function));

    private static async Task<ClientWebSocket> ConnectAsync(RunningGateway gateway)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(AddressOf(gateway), Cancellation);
        return socket;
    }

    private static Uri AddressOf(RunningGateway gateway) => new UriBuilder(gateway.Address) { Scheme = "ws", Path = "/f/chat" }.Uri;
}
