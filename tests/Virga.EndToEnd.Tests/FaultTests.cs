using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Functions that do their worst: each call gets its documented problem over HTTP and one line in the CLI, and the node serves on.</summary>
public sealed class FaultTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    private const int FunctionFailed = 4;

    [Fact]
    public Task A_syntax_error_fails_to_load_with_its_place() =>
        FailsAsync("syntax-js", Source.JavaScript("export default () => {\n  return 1 +;\n};"), 502, "load-failed", "index.mjs:2");

    [Fact]
    public Task A_syntax_error_in_Python_fails_to_load_with_its_place() =>
        FailsAsync("syntax-python", Source.Python("def handler(event, ctx):\n    return 1 +\n"), 502, "load-failed", "main.py:2");

    [Fact]
    public Task A_missing_handler_fails_to_load() =>
        FailsAsync("no-handler", Source.JavaScript("export const other = 1;"), 502, "load-failed", "handler");

    [Fact]
    public Task A_C_sharp_class_without_the_handler_fails_to_load() =>
        FailsAsync("no-handler-csharp", Source.CSharp("public static class F { public static int Other() => 1; }"), 502, "load-failed", "Handler");

    [Fact]
    public Task A_thrown_error_is_the_functions() =>
        FailsAsync("throws", Source.JavaScript("export default () => { throw new TypeError('no good'); };"), 500, "function-error", "TypeError: no good");

    [Fact]
    public Task A_rejected_promise_is_the_functions_error() =>
        FailsAsync("rejects", Source.JavaScript("export default () => Promise.reject(new Error('later'));"), 500, "function-error", "later");

    [Fact]
    public Task A_C_sharp_exception_is_the_functions_error() =>
        FailsAsync("throws-csharp", Source.CSharp("public static class F { public static int Handler() => throw new System.InvalidOperationException(\"not now\"); }"), 500, "function-error", "not now");

    [Fact]
    public async Task An_exit_code_of_an_executable_is_the_functions_error()
    {
        (await node.DeployByCommandAsync("exit-code", Source.Shell("echo 'cannot go on' >&2; exit 3"), "--env", "exec")).ShouldSucceed();

        await FailsAsync("exit-code", 500, "function-error", "cannot go on");
    }

    [Fact]
    public Task A_value_without_a_JSON_form_is_no_answer() =>
        FailsAsync("cycle", Source.JavaScript("export default () => { const o = {}; o.o = o; return o; };"), 500, "invalid-answer", "circular");

    [Fact]
    public Task A_handler_that_never_returns_runs_into_its_timeout() =>
        FailsAsync("never", Source.JavaScript("export default () => new Promise(() => {});"), 504, "timeout", "500", new { timeout = "500ms" });

    [Fact]
    public Task An_answer_after_the_deadline_is_too_late() =>
        FailsAsync("late", Source.Python("import time\ndef handler(event, ctx):\n    time.sleep(1.5)\n    return 'late'\n"), 504, "timeout", "500", new { timeout = "500ms" });

    [Fact]
    public Task A_handler_that_blocks_its_event_loop_runs_into_its_timeout() =>
        FailsAsync("blocks", Source.JavaScript("export default () => { for (;;); };"), 504, "timeout", "500", new { timeout = "500ms" });

    [Fact]
    public Task A_handler_that_exits_is_a_crash() =>
        FailsAsync("exits", Source.JavaScript("export default () => process.exit(1);"), 502, "crashed", "1");

    [Fact]
    public Task A_segmentation_fault_is_a_crash() =>
        FailsAsync("segfault", Source.Python("import ctypes\ndef handler(event, ctx):\n    ctypes.string_at(0)\n"), 502, "crashed", "signal 11");

    [Fact]
    public async Task A_memory_bomb_meets_its_limit_and_is_recorded_as_out_of_memory()
    {
        var source = Source.Python("def handler(event, ctx):\n    held = []\n    while True:\n        held.append(bytearray(b'x') * (8 << 20))\n");

        await FailsAsync("memory-bomb", source, 502, "out-of-memory", "memory", new { memory = "64MB" });

        (await node.RecordAsync("memory-bomb", _ => true))["outcome"]!.ToString().ShouldBe("out-of-memory");
    }

    [Fact]
    public async Task A_fork_bomb_stays_within_its_limit_of_processes()
    {
        await node.DeployAsync("fork-bomb", Source.Python(
            "import os, time\ndef handler(event, ctx):\n    started = 0\n    try:\n        while True:\n            if os.fork() == 0:\n                time.sleep(60)\n                os._exit(0)\n            started += 1\n    except OSError as error:\n        return {'refused': type(error).__name__, 'few': started < 256}\n"),
            new { memory = "512MB" });

        var answer = await node.GetAsync("/f/fork-bomb");

        answer.Status.ShouldBe(200, answer.Body);
        answer.Json["refused"]!.ToString().ShouldBe("BlockingIOError");
        answer.Json["few"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task A_full_private_folder_is_the_functions_alone()
    {
        await node.DeployAsync("disk-fill", Source.Python(
            "def handler(event, ctx):\n    try:\n        with open('/tmp/fill', 'wb', buffering=0) as file:\n            while True:\n                file.write(bytes(1 << 20))\n    except OSError as error:\n        return error.strerror\n"),
            new { memory = "256MB" });

        (await node.GetAsync("/f/disk-fill")).Body.ShouldBe("\"No space left on device\"");
    }

    [Fact]
    public async Task Fifty_megabytes_of_log_end_the_call_well_and_are_kept_within_bounds()
    {
        await node.DeployAsync("chatterbox", Source.Python("def handler(event, ctx):\n    line = 'x' * 1023\n    for _ in range(50 << 10):\n        print(line)\n    return 'done'\n"));

        var answer = await node.GetAsync("/f/chatterbox");

        answer.Status.ShouldBe(200, answer.Body);
        await node.LoggedAsync("chatterbox", "xxx");
        var kept = new DirectoryInfo(Path.Combine(node.Data, "logs")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        kept.ShouldBeLessThan(100L << 20);
        (await node.RunAsync("fn", "logs", "chatterbox", "--limit", "5")).ShouldSucceed();
    }

    [Fact]
    public async Task Garbage_on_the_channel_ends_the_instance_and_nothing_else()
    {
        await node.DeployAsync("garbage", Source.JavaScript("import { writeSync } from 'node:fs';\nexport default () => { for (let fd = 0; fd < 16; fd++) { try { writeSync(fd, 'garbage '.repeat(100)); } catch { } } return 'survived'; };"));

        var answer = await node.GetAsync("/f/garbage");

        answer.ShouldBeProblem(502, "crashed");
    }

    [Fact]
    public async Task An_uncaught_exception_after_the_answer_spares_the_next_call()
    {
        await node.DeployAsync("afterwards", Source.JavaScript("export default (event) => { if (event.query.n === '1') setTimeout(() => { throw new Error('too late'); }, 0); return event.query.n; };"));

        (await node.GetAsync("/f/afterwards?n=1")).Status.ShouldBe(200);
        await node.LoggedAsync("afterwards", "too late");
        await Eventually.ReadAsync(() => node.InstancesAsync("afterwards"), instances => instances.Count == 0);

        (await node.GetAsync("/f/afterwards?n=2")).Body.ShouldBe("\"2\"");
    }

    private async Task FailsAsync(string name, Source source, int status, string slug, string detail, object? settings = null)
    {
        await node.DeployAsync(name, source, settings);
        await FailsAsync(name, status, slug, detail);
    }

    private async Task FailsAsync(string name, int status, string slug, string detail)
    {
        var answer = await node.GetAsync($"/f/{name}");
        answer.ShouldBeProblem(status, slug).ShouldContain(detail, Case.Insensitive);
        answer.Invocation.ShouldNotBeEmpty();

        (await node.RunAsync("fn", "invoke", name)).ShouldFail(FunctionFailed, slug).ShouldContain("virga invocation get");
    }
}
