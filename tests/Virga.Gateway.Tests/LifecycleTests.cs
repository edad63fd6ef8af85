using System.Net;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class LifecycleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stop_waits_for_the_calls_in_flight_and_takes_no_new_ones()
    {
        var started = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var gateway = (await RunningGateway.StartAsync()).With("slow", async (_, _) =>
        {
            started.SetResult();
            await release.Task;
            return ScriptedResult.Json("\"done\"");
        });
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET /f/slow HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancellation);
        await started.Task.WaitAsync(Cancellation);

        var stopping = gateway.Server.StopAsync(TimeSpan.FromSeconds(30));
        stopping.IsCompleted.ShouldBeFalse();
        release.SetResult();
        var answer = await RunningGateway.ReadAllAsync(client);
        await stopping.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);

        answer.ShouldContain("Connection: close");
        answer.ShouldEndWith("\"done\"");
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(async () => await gateway.ConnectAsync());
    }

    [Fact]
    public async Task A_stop_breaks_off_what_runs_beyond_its_patience()
    {
        var started = new TaskCompletionSource();
        await using var gateway = (await RunningGateway.StartAsync()).With("stuck", async (_, cancellation) =>
        {
            started.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            return ScriptedResult.Json("1");
        });
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET /f/stuck HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancellation);
        await started.Task.WaitAsync(Cancellation);

        await gateway.Server.StopAsync(TimeSpan.FromMilliseconds(200)).WaitAsync(TimeSpan.FromSeconds(10), Cancellation);

        (await RunningGateway.ReadAllAsync(client)).ShouldBe("");
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_named_with_what_to_do()
    {
        await using var first = await RunningGateway.StartAsync();
        var taken = new IPEndPoint(IPAddress.Loopback, first.Address.Port);
        await using var second = new GatewayServer(first, first, first.Routes, TimeProvider.System, new TestLog(), new GatewayOptions { Endpoint = taken });

        var exception = await Should.ThrowAsync<GatewayStartException>(async () => await second.StartAsync(Cancellation));

        exception.Message.ShouldContain($"port {taken.Port} is in use");
        exception.Message.ShouldContain("--gateway");
    }

    [Fact]
    public async Task Requests_on_one_connection_do_not_see_each_other()
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("echo", invocation => ScriptedResult.Answer(200, invocation.HeadersAsJson() + invocation.BodyAsText()));

        var answer = await gateway.SendRawAsync(
            "POST /f/echo HTTP/1.1\r\nHost: a\r\nX-First: 1\r\nContent-Length: 5\r\n\r\nfirst" + "GET /f/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        answer.ShouldContain("""[["host","a"],["content-length","5"],["x-first","1"]]first""");
        answer.ShouldEndWith("""[["host","a"]]""");
    }
}
