using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Execution.Tests.Scheduling;

/// <summary>User code that does its worst: each call gets its documented problem, and the node goes on serving.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private TestNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync();

    public async ValueTask DisposeAsync()
    {
        // Whatever the fault was, another function is still served.
        var witness = _node.Python("def handler(event, ctx):\n    return 'served'\n");
        (await _node.CallAsync(witness)).ShouldBe((200, "\"served\""));
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task A_segmentation_fault_is_a_crash()
    {
        var function = _node.Python("import ctypes\ndef handler(event, ctx):\n    ctypes.string_at(0)\n");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("crashed");
        result.Problem.Detail!.ShouldContain("signal 11");
    }

    [Fact]
    public async Task A_fork_bomb_stays_within_its_process_limit_and_dies_with_its_instance()
    {
        var function = _node.Python(
            "import os\ndef handler(event, ctx):\n    started = 0\n    try:\n        while True:\n            if os.fork() == 0:\n                while True:\n                    __import__('time').sleep(60)\n            started += 1\n    except OSError as error:\n        return [started < 256, type(error).__name__]\n",
            spec => spec with { Memory = ByteSize.FromMegabytes(512) });

        (await _node.CallAsync(function)).ShouldBe((200, """[true,"BlockingIOError"]"""));
    }

    [Fact]
    public async Task Filling_the_disk_fills_only_the_private_folder()
    {
        var function = _node.Python(
            "def handler(event, ctx):\n    written = 0\n    try:\n        with open('/tmp/fill', 'wb', buffering=0) as f:\n            while True:\n                written += f.write(bytes(1 << 20))\n    except OSError as error:\n        return [error.strerror, written <= 64 << 20]\n",
            spec => spec with { Memory = ByteSize.FromMegabytes(256) });

        (await _node.CallAsync(function)).ShouldBe((200, """["No space left on device",true]"""));
    }

    [Fact]
    public async Task A_value_without_a_JSON_form_is_an_invalid_answer()
    {
        var function = _node.Python("def handler(event, ctx):\n    return {'value': object()}\n");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("invalid-answer");
        result.Problem.Fault.ShouldBe(Fault.Function);
    }

    [Fact]
    public async Task A_header_with_a_line_break_is_an_invalid_answer()
    {
        var function = _node.Python("def handler(event, ctx):\n    return {'status': 200, 'headers': {'x-a': 'b\\r\\nset-cookie: c'}, 'body': ''}\n");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("invalid-answer");
    }

    [Fact]
    public async Task A_missing_handler_says_which_functions_there_are()
    {
        var function = _node.Python("def handel(event, ctx):\n    return 1\n");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("load-failed");
        result.Problem.Detail!.ShouldContain("handel");
    }

    [Fact]
    public async Task A_function_that_cannot_be_loaded_fails_fast_while_it_backs_off()
    {
        var function = _node.Python("raise RuntimeError('at import')\n");
        await _node.CallAsync(function);

        await using var second = await _node.InvokeAsync(function);

        second.Problem!.Slug.ShouldBe("load-failed");
        second.Problem.Detail!.ShouldContain("at import");
        second.Timing.Start.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_flood_of_prints_does_not_stop_the_call()
    {
        var function = _node.Python("def handler(event, ctx):\n    line = 'x' * 1000\n    for _ in range(20000):\n        print(line)\n    return 'done'\n");

        (await _node.CallAsync(function)).ShouldBe((200, "\"done\""));
        await _node.LineAsync(l => l.Message.Length == 1000);
    }

    [Fact]
    public async Task A_stream_that_fails_half_way_ends_with_the_problem_and_not_with_the_end()
    {
        var function = _node.Python("def handler(event, ctx):\n    yield b'first'\n    raise RuntimeError('half-way')\n");

        await using var result = await _node.InvokeAsync(function);

        result.Status.ShouldBe(200);
        var failure = await Should.ThrowAsync<ProblemException>(async () =>
        {
            while (true)
            {
                var read = await result.BodyStream!.ReadAsync(TestContext.Current.CancellationToken);
                result.BodyStream.AdvanceTo(read.Buffer.End);
            }
        });
        failure.Problem.Detail!.ShouldContain("half-way");
        (await _node.NextRecordAsync()).Outcome.ShouldBe(Outcome.FunctionError);
    }

    [Fact]
    public async Task A_call_that_nobody_disposes_of_properly_is_cancelled_when_its_result_is()
    {
        var function = _node.Python("def handler(event, ctx):\n    while True:\n        yield b'x' * 65536\n");

        await using (var result = await _node.InvokeAsync(function))
        {
            result.BodyStream.ShouldNotBeNull();
        }

        (await _node.NextRecordAsync()).Outcome.ShouldBe(Outcome.Cancelled);
    }

    [Fact]
    public async Task An_environment_whose_command_is_missing_says_so()
    {
        _node.AddEnvironment("broken", new EnvironmentSpec { Command = ["/usr/bin/no-such-worker"], PoolSize = 0 });
        var function = _node.Function("broken-one", "broken");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("unavailable");
        result.Problem.Fault.ShouldBe(Fault.Platform);
    }

    [Fact]
    public async Task An_environment_that_speaks_no_protocol_is_refused_with_what_it_said()
    {
        _node.AddEnvironment("chatty", new EnvironmentSpec { Command = ["/bin/sh", "-c", "echo hello there, I am no worker at all"], PoolSize = 0 });
        var function = _node.Function("chatty-one", "chatty");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("unavailable", result.Problem.Detail);
        result.Problem.Detail!.ShouldContain("no frame");
    }

    [Fact]
    public async Task Instances_are_replaced_after_the_calls_that_their_function_allows()
    {
        var function = _node.Python("calls = 0\ndef handler(event, ctx):\n    global calls\n    calls += 1\n    return calls\n", spec => spec with { MaxCallsPerInstance = 2 });

        var answers = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            answers.Add((await _node.CallAsync(function)).Body);
        }

        answers.ShouldBe(["1", "2", "1", "2"]);
    }

    [Fact]
    public async Task Draining_waits_for_calls_in_flight_and_refuses_new_ones()
    {
        var function = _node.Python("import time\ndef handler(event, ctx):\n    print('begun')\n    time.sleep(0.3)\n    return 'finished'\n");
        var running = _node.CallAsync(function);
        await _node.LineAsync(l => l.Message == "begun");

        var drained = await _node.Engine.Scheduler.DrainAsync(TimeSpan.FromSeconds(10));

        drained.ShouldBeTrue();
        (await running).ShouldBe((200, "\"finished\""));
        (await _node.CallAsync(function)).ShouldBe((503, "unavailable"));
        await _node.DisposeAsync();
        _node = await TestNode.StartAsync();
    }

    [Fact]
    public async Task Raw_bytes_on_the_standard_error_become_log_lines()
    {
        var function = _node.Python("import os\ndef handler(event, ctx):\n    os.write(2, b'from below\\n')\n    os.system('echo from a child')\n    return 1\n");

        (await _node.CallAsync(function)).Status.ShouldBe(200);

        (await _node.LineAsync(l => l.Message == "from below")).Invocation.ShouldBeNull();
        await _node.LineAsync(l => l.Message == "from a child");
    }
}
