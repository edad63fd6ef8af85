using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>How calls share instances, and how long instances live.</summary>
public sealed class InstanceTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task One_instance_serves_as_many_calls_at_a_time_as_the_function_allows()
    {
        await node.DeployAsync("shared", HeldCall.Function("x"), new { requestBody = "stream", concurrency = 2 });

        (await InstancesOfTwoCallsAsync("shared")).ShouldBe(1);
    }

    [Fact]
    public async Task Calls_of_a_function_without_concurrency_run_in_instances_of_their_own()
    {
        await node.DeployAsync("alone", HeldCall.Function("x"), new { requestBody = "stream", concurrency = 1 });

        (await InstancesOfTwoCallsAsync("alone")).ShouldBe(2);
    }

    [Fact]
    public async Task Calls_beyond_a_full_queue_are_refused_with_when_to_come_back()
    {
        const int BeyondTheQueue = 1001;
        await node.DeployAsync("crowded", HeldCall.Function("x"), new { requestBody = "stream", concurrency = 1, maxInstances = 1 });
        using var held = await HeldCall.BeginAsync(node, "/f/crowded");
        using var others = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        var calls = Enumerable.Range(0, BeyondTheQueue).Select(_ => node.Http.GetAsync(new Uri("/f/crowded", UriKind.Relative), others.Token)).ToList();
        using var response = await await Task.WhenAny(calls);

        var refused = await Answer.ReadAsync(response);
        refused.ShouldBeProblem(429, "too-many-calls");
        refused.Header("Retry-After").ShouldNotBeNull();
        await others.CancelAsync();
        (await held.EndAsync()).ShouldBe("begun, x");
    }

    [Fact]
    public async Task An_idle_instance_ends_when_it_was_kept_warm_long_enough()
    {
        await node.DeployAsync("brief", Source.JavaScript("export default () => 1;"), new { keepWarm = new { idle = "1s", frozen = "0s" } });
        await node.GetAsync("/f/brief");
        (await node.InstancesAsync("brief")).Count.ShouldBe(1);

        await Eventually.ReadAsync(() => node.InstancesAsync("brief"), instances => instances.Count == 0);

        (await node.GetAsync("/f/brief")).Header("Virga-Start").ShouldBe("cold");
    }

    [Theory]
    [InlineData("node")]
    [InlineData("python")]
    [InlineData("dotnet")]
    [InlineData("exec")]
    public async Task A_function_without_a_sandbox_answers_in_each_environment(string environment)
    {
        var source = environment switch
        {
            "node" => Source.JavaScript("export default () => 'here';"),
            "python" => Source.Python("def handler(event, ctx):\n    return 'here'\n"),
            "dotnet" => Source.CSharp("public static class F { public static string Handler() => \"here\"; }"),
            _ => Source.Shell("printf '\"here\"'"),
        };
        (await node.DeployByCommandAsync("bare-" + environment, source, "--env", environment, "--isolation", "process")).ShouldSucceed();

        var answer = await node.GetAsync("/f/bare-" + environment);

        answer.Body.ShouldBe("\"here\"");
    }

    [Fact]
    public async Task An_environment_of_ones_own_is_a_command_that_speaks_the_worker_protocol()
    {
        node.Folder.Write(
            "tiny/worker.py",
            """
            import json, os, struct

            def read(count):
                data = b''
                while len(data) < count:
                    piece = os.read(0, count - len(data))
                    if not piece:
                        raise SystemExit
                    data += piece
                return data

            def send(kind, call, header=None, body=b''):
                head = json.dumps(header).encode() if header else b''
                os.write(1, struct.pack('<IBII', 9 + len(head) + len(body), kind, call, len(head)) + head + body)

            send(0x01, 0, {'protocol': 1, 'runtime': 'tiny', 'version': '1'})
            while True:
                length, kind, call, _ = struct.unpack('<IBII', read(13))
                read(length - 9)
                if kind == 0x02:
                    send(0x03, 0, {'ok': True})
                elif kind == 0x04:
                    raise SystemExit
                elif kind == 0x10:
                    send(0x11, call, None, b'"from a worker of our own"')
            """);
        (await node.RunAsync("env", "create", "tiny", "--command", "/usr/bin/python3", "/tiny/worker.py", "--mount", $"{node.Folder.Path}/tiny=/tiny", "--pool-size", "1")).ShouldSucceed();
        (await node.DeployByCommandAsync("on-tiny", Source.Shell("unused"), "--env", "tiny")).ShouldSucceed();

        (await node.GetAsync("/f/on-tiny")).Body.ShouldBe("\"from a worker of our own\"");
        (await node.RunAsync("env", "delete", "node")).ShouldFail(1, "conflict");
        (await node.RunAsync("env", "delete", "tiny")).ShouldFail(1, "conflict").ShouldContain("on-tiny");
    }

    [Fact]
    public async Task A_large_body_streams_in_and_a_large_answer_streams_out()
    {
        const int Size = 32 << 20;
        await node.DeployAsync(
            "sizes",
            Source.JavaScript("export default async (event) => { let size = 0; for await (const piece of event.stream) size += piece.length; return { body: pieces(size) }; };\nasync function* pieces(size) { const piece = Buffer.alloc(65536); for (let sent = 0; sent < size; sent += piece.length) yield piece; }"),
            new { requestBody = "stream" });

        using var response = await node.Http.PostAsync(new Uri("/f/sizes", UriKind.Relative), new ByteArrayContent(new byte[Size]), TestContext.Current.CancellationToken);

        (await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Length.ShouldBe(Size);
    }

    private async Task<int> InstancesOfTwoCallsAsync(string function)
    {
        using var first = await HeldCall.BeginAsync(node, $"/f/{function}");
        using var second = await HeldCall.BeginAsync(node, $"/f/{function}");
        var instances = await node.InstancesAsync(function);
        await first.EndAsync();
        await second.EndAsync();
        return instances.Count;
    }
}
