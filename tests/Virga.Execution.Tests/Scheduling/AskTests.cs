using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Resources;

namespace Virga.Execution.Tests.Scheduling;

/// <summary>What functions ask of the platform, and how workers may break the rules of asking.</summary>
public sealed class AskTests : IAsyncLifetime
{
    private const string Prologue =
        """
        import os, struct
        def send(kind, call, header=b'', body=b''):
            frame = struct.pack('<IBII', 9 + len(header) + len(body), kind, call, len(header)) + header + body
            while frame:
                frame = frame[os.write(1, frame):]
        def read(count):
            data = b''
            while len(data) < count:
                piece = os.read(0, count - len(data))
                if not piece:
                    os._exit(0)
                data += piece
            return data
        def receive():
            length, kind, call, header = struct.unpack('<IBII', read(13))
            rest = read(length - 9)
            return kind, call, rest[:header], rest[header:]
        def ask(call, id, request, flags=0):
            send(0x20, call, b'', struct.pack('<IB', id, flags) + request)
        def answer():
            whole = b''
            while True:
                kind, call, header, body = receive()
                if kind == 0x21:
                    id, flags = struct.unpack('<IB', body[:5])
                    whole += body[5:]
                    if flags == 0:
                        return id, whole
        def result(call, value):
            send(0x11, call, b'', value if isinstance(value, bytes) else str(value).encode())
        send(1, 0, b'{"protocol":1,"runtime":"asking","version":"1"}')
        while True:
            kind, call, header, body = receive()
            if kind == 2:
                send(3, 0, b'{"ok":true}')
            if kind == 0x10:
                handle(call)
        """;

    private TestNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_request_is_answered_at_once_where_nothing_is_waited_for()
    {
        (await CallAsync("ask(call, 7, b'echo')", "id, text = answer()", "result(call, b'%d ' % id + text)")).ShouldBe("7 echo");

        await _node.NextRecordAsync();
        _node.Platform.Events.ShouldBe(["started", "ended"]);
    }

    [Fact]
    public async Task A_request_in_pieces_is_put_together()
    {
        (await CallAsync("ask(call, 1, b'e' + bytes(200000), 1)", "ask(call, 1, bytes(200000))", "id, text = answer()", "result(call, len(text))")).ShouldBe("400001");

        _node.Platform.LargestRequest.ShouldBe(400001);
    }

    [Fact]
    public async Task A_large_answer_comes_in_pieces()
    {
        (await CallAsync("ask(call, 1, b'n16777300')", "id, text = answer()", "result(call, len(text))")).ShouldBe("16777300");
    }

    [Fact]
    public async Task Answers_come_in_the_order_in_which_they_are_ready()
    {
        _node.Platform.Later.Release();

        (await CallAsync("ask(call, 1, b'w')", "ask(call, 2, b'late')", "ask(call, 3, b'echo')", "result(call, sorted([answer()[1], answer()[1]])[0])")).ShouldBe("echo");
    }

    [Fact]
    public async Task An_answer_that_is_too_large_and_one_that_fails_are_problems()
    {
        (await CallAsync("ask(call, 1, b'n20000000')", "id, text = answer()", "result(call, text)")).ShouldContain("urn:virga:problem:request-too-large");
        (await CallAsync("ask(call, 1, b'x')", "id, text = answer()", "result(call, text)")).ShouldContain("urn:virga:problem:internal");
    }

    [Fact]
    public async Task What_is_open_when_the_call_is_answered_is_withdrawn()
    {
        (await CallAsync("ask(call, 1, b'w')", "ask(call, 2, b'echo')", "answer()", "result(call, 'done')")).ShouldBe("done");

        await _node.Platform.WithdrawnAsync();
    }

    [Fact]
    public async Task A_worker_withdraws_a_request()
    {
        var running = CallAsync("ask(call, 1, b'w')", "send(0x22, call, b'', struct.pack('<I', 1))", "ask(call, 2, b'later')", "result(call, answer()[1])");

        await _node.Platform.WithdrawnAsync();
        _node.Platform.Later.Release();
        (await running).ShouldBe("later");
    }

    [Fact]
    public async Task A_worker_that_leaves_its_answers_unread_has_to_wait_and_loses_none()
    {
        // 300 answers of 1 MiB are more than the node keeps for a worker that does not read.
        (await CallAsync("[ask(call, i, b'n1048576') for i in range(300)]", "result(call, sum(len(answer()[1]) for i in range(300)))")).ShouldBe("314572800");
    }

    [Fact]
    public async Task A_worker_that_ends_with_requests_open_fails_its_call_alone()
    {
        await using var result = await _node.InvokeAsync(Asking("ask(call, 1, b'w')", "ask(call, 2, b'echo')", "answer()", "os._exit(1)"));

        result.Problem!.Slug.ShouldBe("crashed");
        await _node.Platform.WithdrawnAsync();
    }

    [Theory]
    [InlineData("an id used twice", "ask(call, 1, b'w'); ask(call, 1, b'w')", "used the id 1")]
    [InlineData("too many open requests", "[ask(call, i, b'w') for i in range(1025)]", "1024 requests open")]
    [InlineData("a request without an id", "send(0x20, call, b'', b'123')", "ASK frame")]
    [InlineData("flags that are none", "ask(call, 1, b'e', 2)", "ASK frame")]
    [InlineData("a WITHDRAW of the wrong size", "ask(call, 1, b'w'); send(0x22, call, b'', b'12')", "4 bytes")]
    [InlineData("an endless request", "[ask(call, 1, bytes(262000), 1) for _ in range(70)]", "17825792 bytes")]
    [InlineData("many endless requests", "[ask(call, i % 8, bytes(262000), 1) for i in range(280)]", "without ending")]
    [InlineData("a frame over the limit", "ask(call, 1, bytes(262144))", "262149 bytes")]
    [InlineData("an answer from the worker", "send(0x21, call, b'', bytes(5))", "0x21")]
    public async Task A_request_that_breaks_the_protocol_fails_the_call_as_crashed(string what, string answer, string reason)
    {
        await using var result = await _node.InvokeAsync(Asking(answer, "receive()"));

        result.Problem.ShouldNotBeNull(what);
        result.Problem.Slug.ShouldBe("crashed");
        result.Problem.Detail!.ShouldContain(reason);
    }

    private async Task<string> CallAsync(params string[] lines)
    {
        await using var result = await _node.InvokeAsync(Asking(lines));
        result.Problem.ShouldBeNull();
        return Encoding.UTF8.GetString(result.Body.Span);
    }

    private FunctionVersion Asking(params string[] lines)
    {
        var worker = $"def handle(call):\n    {string.Join("\n    ", lines)}\n{Prologue}";
        _node.AddEnvironment("asking", new EnvironmentSpec { Command = ["/usr/bin/python3", "-c", worker], PoolSize = 0 });
        return _node.Function($"asking{Guid.NewGuid():n}"[..20], "asking");
    }
}
