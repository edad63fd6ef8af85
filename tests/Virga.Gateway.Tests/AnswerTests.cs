using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class AnswerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_function_answers_at_its_url_with_its_id_start_and_timing()
    {
        var timing = new InvocationTiming(StartKind.Cold, TimeSpan.FromMicroseconds(100), TimeSpan.FromMilliseconds(4), TimeSpan.FromMicroseconds(1_250));
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Json("""{"hello":"world"}""").Took(timing));

        var response = await gateway.Client.GetAsync("/f/hello", Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/json");
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldBe("""{"hello":"world"}""");
        response.Headers.GetValues("Virga-Invocation-Id").Single().Length.ShouldBe(26);
        response.Headers.GetValues("Virga-Start").ShouldBe(["cold"]);
        response.Headers.GetValues("Server-Timing").ShouldBe(["queue;dur=0.100, start;dur=4, run;dur=1.250"]);
        response.Headers.Contains("Server").ShouldBeFalse();
    }

    [Fact]
    public async Task Status_headers_and_every_cookie_of_an_answer_are_passed_on()
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Answer(
            201, "made", ("Content-Type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-name", "Grüße"), ("content-length", "999")));

        var response = await gateway.Client.GetAsync("/f/hello", Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        response.Headers.GetValues("Set-Cookie").ShouldBe(["a=1", "b=2"]);
        response.Content.Headers.ContentLength.ShouldBe(4);
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldBe("made");
    }

    [Fact]
    public async Task Headers_of_the_connection_are_passed_on_in_neither_direction()
    {
        var seen = "";
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", invocation =>
        {
            seen = invocation.HeadersAsJson();
            return ScriptedResult.Answer(200, "", ("Connection", "X-Secret"), ("X-Secret", "1"), ("Keep-Alive", "timeout=5"), ("Proxy-Authenticate", "Basic"), ("Trailer", "x"), ("X-Kept", "1"));
        });

        using var request = new HttpRequestMessage(HttpMethod.Get, "/f/hello") { Headers = { Host = "a" } };
        request.Headers.Connection.Add("X-Mine");
        request.Headers.Add("X-Mine", "1");
        request.Headers.Add("TE", "trailers");
        request.Headers.Add("Proxy-Authorization", "x");
        request.Headers.Add("X-UPPER", "Yes");

        var response = await gateway.Client.SendAsync(request, Cancellation);

        seen.ShouldBe("""[["host","a"],["x-upper","Yes"]]""");
        response.Headers.Select(header => header.Key).ShouldBe(["Date", "Virga-Invocation-Id", "Virga-Start", "Server-Timing", "X-Kept"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("x-evil", "a\r\nSet-Cookie: stolen=1")]
    [InlineData("x-evil", "a\0b")]
    [InlineData("x-evil\r\nSet-Cookie", "stolen=1")]
    [InlineData("content-type", "text/plain\nSet-Cookie: stolen=1")]
    public async Task A_header_with_control_characters_is_never_sent(string name, string value)
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Answer(200, "body", (name, value)));

        var answer = await gateway.SendRawAsync("GET /f/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        answer.ShouldStartWith("HTTP/1.1 500 ");
        answer.ShouldContain("urn:virga:problem:invalid-answer");
        answer.ShouldNotContain("stolen=1");
    }

    [Fact]
    public async Task A_problem_is_answered_as_problem_json_with_its_invocation()
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("busy", _ => ScriptedResult.Failed(KnownProblems.TooManyCalls("32 calls wait.")));

        var response = await gateway.Client.GetAsync("/f/busy", Cancellation);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        problem.GetProperty("type").GetString().ShouldBe("urn:virga:problem:too-many-calls");
        problem.GetProperty("fault").GetString().ShouldBe("limit");
        problem.GetProperty("fix").GetString().ShouldNotBeNullOrEmpty();
        problem.GetProperty("instance").GetString().ShouldBe(response.Headers.GetValues("Virga-Invocation-Id").Single());
    }

    [Theory]
    [InlineData(204)]
    [InlineData(304)]
    public async Task An_answer_without_content_has_no_body(int status)
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Answer(status, "ignored", ("x-a", "1")));

        var answer = await gateway.SendRawAsync("GET /f/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        answer.ShouldStartWith($"HTTP/1.1 {status} ");
        answer.ShouldNotContain("ignored");
    }

    [Fact]
    public async Task An_answer_to_head_has_the_length_but_no_body()
    {
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => ScriptedResult.Json("12345"));

        var answer = await gateway.SendRawAsync("HEAD /f/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        answer.ShouldContain("Content-Length: 5\r\n");
        answer.ShouldEndWith("\r\n\r\n");
    }

    [Fact]
    public async Task Each_piece_of_a_streamed_answer_arrives_before_the_next_is_made()
    {
        var pipe = new Pipe();
        await using var gateway = (await RunningGateway.StartAsync()).With("events", _ => ScriptedResult.Streamed(pipe.Reader, ("content-type", "text/event-stream")));

        using var response = await gateway.Client.GetAsync("/f/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[100];
        foreach (var piece in (string[])["data: 1\n\n", "data: 2\n\n"])
        {
            await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(piece), Cancellation);
            var count = await body.ReadAsync(buffer, Cancellation);
            Encoding.UTF8.GetString(buffer, 0, count).ShouldBe(piece);
        }

        await pipe.Writer.CompleteAsync();
        (await body.ReadAsync(buffer, Cancellation)).ShouldBe(0);
    }

    [Fact]
    public async Task A_stream_that_has_begun_before_its_head_is_sent_arrives_whole()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var text = new string('x', 500_000);
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(text), Cancellation);
        await pipe.Writer.CompleteAsync();
        await using var gateway = (await RunningGateway.StartAsync()).With("ready", _ => ScriptedResult.Streamed(pipe.Reader));

        (await gateway.Client.GetStringAsync("/f/ready", Cancellation)).ShouldBe(text);
    }

    [Fact]
    public async Task A_stream_that_fails_half_way_breaks_the_connection()
    {
        var pipe = new Pipe();
        await using var gateway = (await RunningGateway.StartAsync()).With("broken", _ => ScriptedResult.Streamed(pipe.Reader));
        using var response = await gateway.Client.GetAsync("/f/broken", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);

        await pipe.Writer.WriteAsync("part"u8.ToArray(), Cancellation);
        (await body.ReadAsync(new byte[10], Cancellation)).ShouldBe(4);
        await pipe.Writer.CompleteAsync(new ProblemException(KnownProblems.Crashed("The instance ended.")));

        await Should.ThrowAsync<Exception>(async () => await body.ReadExactlyAsync(new byte[1], Cancellation));
    }

    [Fact]
    public async Task A_large_answer_streams_with_every_byte_in_place()
    {
        const int Size = 64 * 1024 * 1024;
        var pipe = new Pipe();
        await using var gateway = (await RunningGateway.StartAsync()).With("large", _ => ScriptedResult.Streamed(pipe.Reader));
        var writing = Task.Run(async () =>
        {
            for (var written = 0; written < Size; written += 65536)
            {
                pipe.Writer.GetMemory(65536).Span[..65536].Fill((byte)(written >> 16));
                pipe.Writer.Advance(65536);
                await pipe.Writer.FlushAsync(Cancellation);
            }

            await pipe.Writer.CompleteAsync();
        }, Cancellation);

        using var response = await gateway.Client.GetAsync("/f/large", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[65536];
        for (var read = 0; read < Size; read += 65536)
        {
            await body.ReadExactlyAsync(buffer, Cancellation);
            buffer.AsSpan().IndexOfAnyExcept((byte)(read >> 16)).ShouldBe(-1);
        }

        (await body.ReadAsync(buffer, Cancellation)).ShouldBe(0);
        await writing;
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_the_call()
    {
        var started = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        await using var gateway = (await RunningGateway.StartAsync()).With("slow", async (_, cancellation) =>
        {
            await using var registration = cancellation.Register(cancelled.SetResult);
            started.SetResult();
            await cancelled.Task;
            return ScriptedResult.Failed(KnownProblems.ClientGone());
        });

        using (var client = await gateway.ConnectAsync())
        {
            await client.SendAsync("GET /f/slow HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancellation);
            await started.Task.WaitAsync(Cancellation);
        }

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }

    [Fact]
    public async Task The_result_is_let_go_after_the_answer()
    {
        var result = ScriptedResult.Json("1");
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", _ => result);

        await gateway.Client.GetStringAsync("/f/hello", Cancellation);

        await result.Disposed.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }
}
