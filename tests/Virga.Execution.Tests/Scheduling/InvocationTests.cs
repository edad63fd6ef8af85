using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Execution.Tests.Scheduling;

public sealed class InvocationTests : IAsyncLifetime
{
    private TestNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_cold_function_is_answered_while_its_pool_is_empty()
    {
        var function = _node.Python("def handler(event, ctx):\n    return {'hello': event.body['name']}\n");

        await using var result = await _node.InvokeAsync(function, """{"name":"ada"}""");

        result.Problem.ShouldBeNull();
        result.Status.ShouldBe(200);
        Encoding.UTF8.GetString(result.Body.Span).ShouldBe("""{"hello":"ada"}""");
        result.Timing.Cold.ShouldBeTrue();
    }

    [Fact]
    public async Task The_second_call_is_warm_and_meets_the_same_instance()
    {
        var function = _node.Python("calls = 0\ndef handler(event, ctx):\n    global calls\n    calls += 1\n    return calls\n");

        (await _node.CallAsync(function)).ShouldBe((200, "1"));
        await using var second = await _node.InvokeAsync(function);

        Encoding.UTF8.GetString(second.Body.Span).ShouldBe("2");
        second.Timing.Cold.ShouldBeFalse();
    }

    [Fact]
    public async Task Functions_never_share_an_instance()
    {
        const string Source = "import os\nseen = []\ndef handler(event, ctx):\n    seen.append(ctx.function)\n    return seen\n";
        var first = _node.Python(Source);
        var second = _node.Python(Source);

        (await _node.CallAsync(first)).Body.ShouldBe("""["f1"]""");
        (await _node.CallAsync(second)).Body.ShouldBe("""["f2"]""");
        (await _node.CallAsync(first)).Body.ShouldBe("""["f1","f1"]""");
    }

    [Fact]
    public async Task A_handler_that_raises_is_a_function_error_with_its_stack()
    {
        var function = _node.Python("def handler(event, ctx):\n    raise ValueError('no such user')\n");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("function-error");
        result.Problem.Fault.ShouldBe(Fault.Function);
        result.Problem.Detail.ShouldBe("ValueError: no such user");
        result.Problem.Extensions!["stack"]!.ToString()!.ShouldContain("main.py");
        (await _node.CallAsync(function)).Status.ShouldBe(500);
    }

    [Fact]
    public async Task A_syntax_error_is_reported_with_its_place()
    {
        var function = _node.Python("def handler(event, ctx)\n    return 1\n");

        await using var result = await _node.InvokeAsync(function);

        result.Problem!.Slug.ShouldBe("load-failed");
        result.Status.ShouldBe(502);
        result.Problem.Detail!.ShouldContain("main.py:1");
    }

    [Fact]
    public async Task A_handler_that_never_returns_times_out_and_its_instance_is_replaced()
    {
        var function = _node.Python(
            "import os\ndef handler(event, ctx):\n    while event.body == 'hang':\n        pass\n    return os.getpid() > 0\n",
            spec => spec with { Timeout = Duration.FromSeconds(0.6) });

        await using var result = await _node.InvokeAsync(function, "\"hang\"");

        result.Problem!.Slug.ShouldBe("timeout");
        result.Status.ShouldBe(504);
        (await _node.NextRecordAsync()).Outcome.ShouldBe(Outcome.Timeout);
        (await _node.CallAsync(function, "\"go\"")).ShouldBe((200, "true"));
    }

    [Fact]
    public async Task A_worker_that_exits_fails_its_call_as_crashed_and_the_next_call_is_served()
    {
        var function = _node.Python("import os\ndef handler(event, ctx):\n    if event.body == 'die':\n        os._exit(3)\n    return 'alive'\n");

        await using var result = await _node.InvokeAsync(function, "\"die\"");

        result.Problem!.Slug.ShouldBe("crashed");
        result.Problem.Detail!.ShouldContain("exit code 3");
        (await _node.CallAsync(function, "\"live\"")).ShouldBe((200, "\"alive\""));
    }

    [Fact]
    public async Task A_memory_bomb_is_out_of_memory_and_harms_nobody_else()
    {
        var bomb = _node.Python("def handler(event, ctx):\n    hog = []\n    while True:\n        hog.append(bytearray(16 << 20))\n", spec => spec with { Memory = ByteSize.FromMegabytes(64) });
        var neighbour = _node.Python("def handler(event, ctx):\n    return 'fine'\n");
        (await _node.CallAsync(neighbour)).Status.ShouldBe(200);

        await using var result = await _node.InvokeAsync(bomb);

        result.Problem!.Slug.ShouldBe("out-of-memory");
        result.Problem.Fault.ShouldBe(Fault.Limit);
        (await _node.CallAsync(neighbour)).ShouldBe((200, "\"fine\""));
    }

    [Fact]
    public async Task Garbage_on_the_channel_ends_the_instance_and_only_it()
    {
        var function = _node.Python(
            "import os\ndef handler(event, ctx):\n    if event.body == 'garbage':\n        for fd in range(3, 64):\n            try:\n                os.write(fd, b'\\xff' * 64)\n            except OSError:\n                pass\n    return 'ok'\n");

        await using var result = await _node.InvokeAsync(function, "\"garbage\"");

        result.Problem!.Slug.ShouldBe("crashed");
        result.Problem.Detail!.ShouldContain("no frame");
        (await _node.CallAsync(function, "\"fine\"")).ShouldBe((200, "\"ok\""));
    }

    [Fact]
    public async Task Prints_become_lines_of_the_invocation_that_printed_them()
    {
        var function = _node.Python("def handler(event, ctx):\n    print('seen', event.body)\n    return None\n");

        await using var result = await _node.InvokeAsync(function, "7");
        var line = await _node.LineAsync(l => l.Message == "seen 7");

        line.Invocation.ShouldBe((await _node.NextRecordAsync()).Id);
    }

    [Fact]
    public async Task A_streamed_answer_arrives_whole_and_in_order()
    {
        var function = _node.Python("def handler(event, ctx):\n    for i in range(200):\n        yield bytes([i]) * 65536\n");

        await using var result = await _node.InvokeAsync(function);
        var total = 0L;
        var expected = 0;
        while (true)
        {
            var read = await result.BodyStream!.ReadAsync(TestContext.Current.CancellationToken);
            foreach (var segment in read.Buffer)
            {
                foreach (var value in segment.Span)
                {
                    expected = (int)(total++ / 65536);
                    if (value != expected)
                    {
                        value.ShouldBe((byte)expected);
                    }
                }
            }

            result.BodyStream.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        total.ShouldBe(200 * 65536);
    }

    [Fact]
    public async Task A_streamed_request_reaches_a_function_that_asked_for_it_piece_by_piece()
    {
        var function = _node.Python("def handler(event, ctx):\n    return sum(len(piece) for piece in event.stream)\n", spec => spec with { RequestBody = RequestBodyMode.Stream });
        var pipe = new Pipe();
        var sending = SendAsync(pipe.Writer, 8 << 20);

        await using var result = await _node.Engine.Scheduler.InvokeAsync(TestNode.Invocation(function, stream: pipe.Reader), TestContext.Current.CancellationToken);
        await sending;

        Encoding.UTF8.GetString(result.Body.Span).ShouldBe((8 << 20).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_its_call()
    {
        var function = _node.Python("import asyncio\nasync def handler(event, ctx):\n    print('waiting')\n    await asyncio.sleep(60)\n");
        using var client = new CancellationTokenSource();
        var call = _node.InvokeAsync(function, null, client.Token).AsTask();
        await _node.LineAsync(l => l.Message == "waiting");

        await client.CancelAsync();
        await using var result = await call;

        result.Problem!.Slug.ShouldBe("client-gone");
        (await _node.NextRecordAsync()).Outcome.ShouldBe(Outcome.Cancelled);
    }

    [Fact]
    public async Task Calls_up_to_the_concurrency_share_one_instance()
    {
        var function = _node.Python(
            "import asyncio, os\narrived = 0\nall_here = asyncio.Event()\nasync def handler(event, ctx):\n    global arrived\n    arrived += 1\n    if arrived == 8:\n        all_here.set()\n    await all_here.wait()\n    return arrived\n",
            spec => spec with { Concurrency = 8, MaxInstances = 1 });

        var calls = Enumerable.Range(0, 8).Select(_ => _node.CallAsync(function)).ToArray();

        (await Task.WhenAll(calls)).ShouldAllBe(answer => answer.Status == 200 && answer.Body == "8");
    }

    [Fact]
    public async Task A_full_queue_rejects_with_too_many_calls()
    {
        await using var node = await TestNode.StartAsync(options => options with { QueueLimit = 2 });
        var function = node.Python("import time\ndef handler(event, ctx):\n    time.sleep(1)\n", spec => spec with { MaxInstances = 1 });

        var calls = Enumerable.Range(0, 6).Select(_ => node.CallAsync(function)).ToArray();
        var answers = await Task.WhenAll(calls);

        answers.Count(a => a.Status == 429).ShouldBeGreaterThanOrEqualTo(3);
        answers.Count(a => a.Status == 200).ShouldBeGreaterThanOrEqualTo(1);
    }

    [Fact]
    public async Task A_usage_record_says_what_a_call_used()
    {
        var function = _node.Python("import time\ndef handler(event, ctx):\n    end = time.process_time() + 0.05\n    while time.process_time() < end:\n        pass\n    return 'x' * 1000\n");

        await using var result = await _node.InvokeAsync(function, "123");
        var record = await _node.NextRecordAsync();

        record.Outcome.ShouldBe(Outcome.Result);
        record.CpuTime.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(45));
        record.Duration.ShouldBeGreaterThanOrEqualTo(record.CpuTime * 0.9);
        record.PeakMemoryBytes.ShouldBeGreaterThan(1 << 20);
        record.BytesIn.ShouldBe(3);
        record.BytesOut.ShouldBe(1002);
    }

    [Fact]
    public async Task A_WebSocket_that_the_function_closes_first_frees_its_place()
    {
        var function = _node.Python("async def handler(event, ctx):\n    socket = event.accept()\n    await socket.send('bye')\n", spec => spec with { MaxInstances = 1 });

        for (var i = 0; i < 2; i++)
        {
            await using (var result = await _node.Engine.Scheduler.InvokeAsync(TestNode.Invocation(function, trigger: Trigger.WebSocket), TestContext.Current.CancellationToken))
            {
                result.Status.ShouldBe(101);
                Encoding.UTF8.GetString((await result.WebSocket!.ReceiveAsync(TestContext.Current.CancellationToken)).Data.Span).ShouldBe("bye");
                (await result.WebSocket.ReceiveAsync(TestContext.Current.CancellationToken)).CloseCode.ShouldBe(1000);
            }

            (await _node.NextRecordAsync()).Outcome.ShouldBe(Outcome.Result);
        }
    }

    [Fact]
    public async Task A_WebSocket_that_is_refused_by_an_error_frees_its_place()
    {
        var function = _node.Python("def handler(event, ctx):\n    raise ValueError('no')\n", spec => spec with { MaxInstances = 1 });

        for (var i = 0; i < 2; i++)
        {
            await using var result = await _node.Engine.Scheduler.InvokeAsync(TestNode.Invocation(function, trigger: Trigger.WebSocket), TestContext.Current.CancellationToken);
            result.Problem!.Slug.ShouldBe("function-error");
            (await _node.NextRecordAsync()).Outcome.ShouldBe(Outcome.FunctionError);
        }
    }

    [Fact]
    public async Task An_instance_with_a_hung_call_ends_once_its_other_calls_are_done()
    {
        var function = _node.Python(
            "import asyncio, os\nasync def handler(event, ctx):\n    print('begun', event.body)\n    try:\n        await asyncio.sleep(60 if event.body == 'hang' else 0.9)\n    except asyncio.CancelledError:\n        await asyncio.sleep(60)\n    return os.getpid()\n",
            spec => spec with { Concurrency = 2, MaxInstances = 1, Timeout = Duration.FromSeconds(3) });
        (await _node.CallAsync(function, "\"warm\"")).Status.ShouldBe(200);
        var hung = _node.CallAsync(function, "\"hang\"");
        await _node.LineAsync(l => l.Message == "begun hang");
        var sibling = _node.CallAsync(function, "\"short\"");

        (await sibling).Status.ShouldBe(200);
        (await hung).ShouldBe((504, "timeout"));
        (await _node.CallAsync(function, "\"after\"")).Status.ShouldBe(200);
    }

    private static async Task SendAsync(PipeWriter writer, int bytes)
    {
        for (var sent = 0; sent < bytes; sent += 65536)
        {
            await writer.WriteAsync(new byte[65536], TestContext.Current.CancellationToken);
        }

        await writer.CompleteAsync();
    }
}
