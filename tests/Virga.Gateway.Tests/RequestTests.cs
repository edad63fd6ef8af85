using System.Net;
using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class RequestTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/f/echo", "GET / ?")]
    [InlineData("/f/echo/", "GET / ?")]
    [InlineData("/f/echo/a/b?x=1&y=%20", "GET /a/b ?x=1&y=%20")]
    [InlineData("/f/echo/caf%C3%A9", "GET /café ?")]
    [InlineData("/f/echo:beta/a", "GET /a ?beta")]
    [InlineData("/f/acme/shop/echo", "GET / ?acme")]
    [InlineData("/f/acme/shop/echo/a/b", "GET /a/b ?acme")]
    [InlineData("/f/echo/shop/echo", "GET /shop/echo ?")]
    public async Task A_function_url_gives_the_function_the_rest_of_the_path(string url, string expected)
    {
        await using var gateway = (await RunningGateway.StartAsync())
            .With("echo", invocation => ScriptedResult.Json($"{invocation.Method} {invocation.Path} ?{invocation.Query}"))
            .With("echo", invocation => ScriptedResult.Json($"{invocation.Method} {invocation.Path} ?beta"), qualifier: "beta")
            .With("echo", invocation => ScriptedResult.Json($"{invocation.Method} {invocation.Path} ?acme"), tenant: "acme", @namespace: "shop");

        (await gateway.Client.GetStringAsync(url, Cancellation)).ShouldBe(expected);
    }

    [Theory]
    [InlineData("/f/missing", 404, "not-found")]
    [InlineData("/f/Not_A_Name", 404, "not-found")]
    [InlineData("/f/hello:", 404, "not-found")]
    [InlineData("/f/hello:none", 404, "not-found")]
    [InlineData("/nowhere", 404, "no-route")]
    [InlineData("/users/1", 405, "method-not-allowed")]
    [InlineData("/users/%zz", 400, "invalid-request")]
    [InlineData("/users/%C3%28", 400, "invalid-request")]
    [InlineData("/users/%2", 400, "invalid-request")]
    public async Task What_cannot_be_called_is_answered_with_a_problem(string path, int status, string slug)
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Json("1")).Route("POST,PUT", "/users/{id}", "hello");

        var answer = await gateway.SendRawAsync($"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        answer.ShouldStartWith($"HTTP/1.1 {status} ");
        answer.ShouldContain("urn:virga:problem:" + slug);
        if (status == 405)
        {
            answer.ShouldContain("Allow: POST, PUT\r\n");
        }
    }

    [Fact]
    public async Task A_nul_in_the_path_is_refused()
    {
        await using var gateway = await RunningGateway.StartAsync();

        (await gateway.SendRawAsync("GET /a%00b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).ShouldStartWith("HTTP/1.1 400 ");
    }

    [Theory]
    [InlineData("GET /users/a%2Fb HTTP/1.1", "id=a/b")]
    [InlineData("GET /users/caf%C3%A9 HTTP/1.1", "id=café")]
    [InlineData("GET /x/../users/7 HTTP/1.1", "id=7")]
    [InlineData("GET /x/%2e%2e/users/%37 HTTP/1.1", "id=7")]
    [InlineData("GET http://a/users/7?x=1 HTTP/1.1", "id=7")]
    [InlineData("GET http://a/users/a%2Fb HTTP/1.1", "id=a/b")]
    public async Task Parameters_are_decoded_segment_by_segment(string requestLine, string expected)
    {
        await using var gateway = (await RunningGateway.StartAsync())
            .With("user", invocation => ScriptedResult.Json($"{invocation.Parameters[0].Key}={invocation.Parameters[0].Value}"))
            .Route("GET", "/users/{id}", "user");

        var answer = await gateway.SendRawAsync(requestLine + "\r\nHost: a\r\nConnection: close\r\n\r\n");

        answer.ShouldEndWith("\r\n\r\n" + Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(expected)));
    }

    [Fact]
    public async Task A_head_request_goes_to_the_route_for_get()
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", invocation => ScriptedResult.Answer(200, "", ("x-method", invocation.Method))).Route("GET", "/hello", "hello");

        using var request = new HttpRequestMessage(HttpMethod.Head, "/hello");
        var response = await gateway.Client.SendAsync(request, Cancellation);

        response.Headers.GetValues("x-method").ShouldBe(["HEAD"]);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(Invocation.MaxInlineBody, false)]
    [InlineData(1, true)]
    [InlineData(Invocation.MaxInlineBody, true)]
    public async Task A_short_body_is_handed_over_whole(int size, bool chunked)
    {
        var body = new string('b', size);
        await using var gateway = (await RunningGateway.StartAsync()).With("echo", invocation =>
        {
            invocation.BodyStream.ShouldBeNull();
            return ScriptedResult.Answer(200, invocation.BodyAsText());
        });

        using var request = new HttpRequestMessage(HttpMethod.Post, "/f/echo") { Content = new StringContent(body) };
        request.Headers.TransferEncodingChunked = chunked;
        var response = await gateway.Client.SendAsync(request, Cancellation);

        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldBe(body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_long_body_is_streamed(bool chunked)
    {
        const int Size = 10 * 1024 * 1024;
        await using var gateway = (await RunningGateway.StartAsync()).With("count", CountAsync);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/f/count") { Content = new ByteArrayContent(new byte[Size]) };
        request.Headers.TransferEncodingChunked = chunked;
        var response = await gateway.Client.SendAsync(request, Cancellation);

        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldBe(Size.ToString());
    }

    [Fact]
    public async Task A_function_that_streams_gets_a_chunked_body_before_its_end()
    {
        var begun = new TaskCompletionSource();
        await using var gateway = (await RunningGateway.StartAsync()).With(
            "count",
            (invocation, cancellation) =>
            {
                begun.SetResult();
                return CountAsync(invocation, cancellation);
            },
            requestBody: RequestBodyMode.Stream);

        using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST /f/count HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"u8.ToArray(), Cancellation);
        await begun.Task.WaitAsync(Cancellation);
        await client.SendAsync("2\r\nde\r\n0\r\n\r\n"u8.ToArray(), Cancellation);

        (await RunningGateway.ReadAllAsync(client)).ShouldEndWith("\r\n\r\n5");
    }

    [Fact]
    public async Task A_body_declared_over_the_limit_is_refused_before_it_is_read()
    {
        await using var gateway = (await RunningGateway.StartAsync(new GatewayOptions { MaxBodyBytes = 1000 })).With("hello", _ => ScriptedResult.Json("1"));

        var answer = await gateway.SendRawAsync("POST /f/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");

        answer.ShouldStartWith("HTTP/1.1 413 ");
        answer.ShouldContain("Connection: close");
        answer.ShouldContain("urn:virga:problem:body-too-large");
    }

    [Fact]
    public async Task A_chunked_body_over_the_limit_is_refused_when_it_gets_there()
    {
        await using var gateway = (await RunningGateway.StartAsync(new GatewayOptions { MaxBodyBytes = 100_000 })).With("count", CountAsync);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/f/count") { Content = new ByteArrayContent(new byte[200_000]) };
        request.Headers.TransferEncodingChunked = true;
        var response = await gateway.Client.SendAsync(request, Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain("urn:virga:problem:body-too-large");
    }

    [Fact]
    public async Task A_function_may_answer_before_the_body_has_arrived()
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("early", _ => ScriptedResult.Answer(200, "early", ("x-a", "1")));
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST /f/early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc"u8.ToArray(), Cancellation);

        var buffer = new byte[1000];
        var count = await client.ReceiveAsync(buffer, Cancellation);

        Encoding.Latin1.GetString(buffer, 0, count).ShouldEndWith("early");
    }

    private static async ValueTask<InvocationResult> CountAsync(Invocation invocation, CancellationToken cancellation)
    {
        var body = invocation.BodyStream.ShouldNotBeNull();
        var total = 0L;
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(cancellation);
                total += read.Buffer.Length;
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return ScriptedResult.Answer(200, total.ToString());
                }
            }
        }
        catch (ProblemException exception)
        {
            return ScriptedResult.Failed(exception.Problem);
        }
    }
}
