using Virga.Core.Invocations;
using Virga.Core.Resources;

namespace Virga.Execution.Tests.Scheduling;

/// <summary>Workers that speak the protocol's frames and break its rules: their own instance ends, the caller hears why, nothing hangs.</summary>
public sealed class HostileWorkerTests : IAsyncLifetime
{
    private const string Prologue =
        """
        import json, os, struct, sys
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
        send(1, 0, b'{"protocol":1,"runtime":"hostile","version":"1"}')
        while True:
            kind, call, header, body = receive()
            if kind == 2:
                send(3, 0, b'{"ok":true}')
            if kind == 0x10:
                answer(call, send)
        """;

    private TestNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData("END before RESULT", "send(0x15, call)", "END without")]
    [InlineData("a header without a value", "send(0x11, call, b'{\"headers\":[[\"x\",null]]}')", "cannot be read")]
    [InlineData("headers that are no lists", "send(0x11, call, b'{\"headers\":[\"x\"]}')", "cannot be read")]
    [InlineData("a status that is none", "send(0x11, call, b'{\"status\":99}')", "status 99")]
    [InlineData("a log line with broken text", "send(0x17, call, b'{\"fields\":{\"a\":\"\\xff\"}}', b'x')", "LOG")]
    [InlineData("an answer over the limit", "send(0x11, call, b'', bytes(100000))", "100000 bytes")]
    [InlineData("an unknown kind", "send(0x7f, call)", "0x7f")]
    [InlineData("a WINDOW of the wrong size", "send(0x16, call, b'', b'12')", "4 bytes")]
    public async Task A_frame_that_breaks_the_protocol_fails_the_call_as_crashed(string what, string answer, string reason)
    {
        var function = Hostile(answer);

        await using var result = await _node.InvokeAsync(function);

        result.Problem.ShouldNotBeNull(what);
        result.Problem.Slug.ShouldBe("crashed");
        result.Problem.Detail!.ShouldContain(reason);
    }

    [Fact]
    public async Task An_answer_beyond_its_credit_ends_the_instance_instead_of_filling_the_node()
    {
        var function = Hostile("send(0x11, call, b'{\"body\":\"stream\"}'); [send(0x14, call, b'', bytes(262144)) for _ in range(64)]");

        await using var result = await _node.InvokeAsync(function);

        (await _node.NextRecordAsync()).Outcome.ShouldBe(Outcome.Crashed);
        var failure = await Should.ThrowAsync<Core.Problems.ProblemException>(async () =>
        {
            while (true)
            {
                var read = await result.BodyStream!.ReadAsync(TestContext.Current.CancellationToken);
                result.BodyStream.AdvanceTo(read.Buffer.End);
            }
        });
        failure.Problem.Detail!.ShouldContain("credit");
    }

    [Fact]
    public async Task A_second_answer_ends_the_instance()
    {
        var function = Hostile("send(0x11, call, b'{\"body\":\"stream\"}'); send(0x11, call)");

        await using var result = await _node.InvokeAsync(function);

        (await _node.NextRecordAsync()).Problem!.Detail!.ShouldContain("twice");
    }

    private FunctionVersion Hostile(string answer)
    {
        var worker = $"def answer(call, send):\n    {answer}\n{Prologue}";
        _node.AddEnvironment("hostile", new EnvironmentSpec { Command = ["/usr/bin/python3", "-c", worker], PoolSize = 0 });
        return _node.Function("hostile", "hostile");
    }
}
