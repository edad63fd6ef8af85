using System.Diagnostics;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class HostileClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\n\r\n")]
    [InlineData("GET /\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n")]
    [InlineData("POST /f/hello HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /f/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("POST /f/hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnot-a-size\r\n")]
    public async Task Malformed_http_is_refused(string request)
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Json("1"));

        var answer = await gateway.SendRawAsync(request);

        answer.ShouldMatch("^HTTP/1.1 (400|505) ");
    }

    [Fact]
    public async Task Headers_over_the_limit_are_refused()
    {
        await using var gateway = await RunningGateway.StartAsync(new GatewayOptions { MaxHeaderBytes = 2000 });

        (await gateway.SendRawAsync($"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('x', 3000)}\r\n\r\n")).ShouldStartWith("HTTP/1.1 431 ");
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("PRI")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n")]
    public async Task A_client_that_does_not_finish_its_headers_is_cut_off(string begin)
    {
        await using var gateway = await RunningGateway.StartAsync(new GatewayOptions { HeadersTimeout = TimeSpan.FromMilliseconds(300), KeepAliveTimeout = TimeSpan.FromMilliseconds(300) });
        var watch = Stopwatch.StartNew();

        var answer = await gateway.SendRawAsync(begin);

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        if (answer.Length > 0)
        {
            answer.ShouldStartWith("HTTP/1.1 408 ");
        }
    }

    [Fact]
    public async Task A_client_that_drips_its_body_gets_a_problem()
    {
        await using var gateway = (await RunningGateway.StartAsync(new GatewayOptions { MinBodyRateGrace = TimeSpan.FromSeconds(1.1) })).With("hello", _ => ScriptedResult.Json("1"));

        var answer = await gateway.SendRawAsync("POST /f/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");

        answer.ShouldStartWith("HTTP/1.1 408 ");
        answer.ShouldContain("urn:virga:problem:request-too-slow");
    }

    [Fact]
    public async Task A_gateway_with_all_connections_taken_takes_no_more()
    {
        await using var gateway = (await RunningGateway.StartAsync(new GatewayOptions { MaxConnections = 1 })).With("hello", _ => ScriptedResult.Json("1"));
        await gateway.Client.GetStringAsync("/f/hello", Cancellation);

        (await gateway.SendRawAsync("GET /f/hello HTTP/1.1\r\nHost: a\r\n\r\n")).ShouldBe("");
    }
}
