using System.Text.Json;

namespace Virga.Worker.Tests;

public sealed class WorkerTests(CompiledFunctions functions) : IClassFixture<CompiledFunctions>
{
    private const byte Result = 0x11;
    private const byte Error = 0x12;

    [Fact]
    public async Task A_handler_is_given_query_parameters_and_context_and_answers_json()
    {
        await using RunningWorker worker = await StartAsync("Handler");
        await worker.CallAsync(1);
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Kind.ShouldBe(Result);
        reply.Text.ShouldBe("""{"message":"Hello, Ann!","id":"7","invocationId":"c1"}""");
    }

    [Fact]
    public async Task A_body_is_read_into_the_handlers_own_type()
    {
        await using RunningWorker worker = await StartAsync("Create");
        await worker.CallAsync(1, """{"name":"tea","count":2}""");
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Header.GetProperty("status").GetInt32().ShouldBe(201);
        reply.Text.ShouldBe("""{"name":"tea","total":4}""");
    }

    [Fact]
    public async Task A_body_that_is_no_json_is_the_clients_fault()
    {
        await using RunningWorker worker = await StartAsync("Create");
        await worker.CallAsync(1, "{not json");
        await ErrorOf(worker, "invalid-body");
    }

    [Fact]
    public async Task A_body_is_given_by_its_content_type()
    {
        await using RunningWorker worker = await StartAsync("WhatBody");
        await worker.CallAsync(1, "a=1", "text/plain");
        (await worker.ReceiveAsync()).Text.ShouldBe("\"a=1\"");
        await worker.CallAsync(2, """{"a":1}""");
        (await worker.ReceiveAsync()).Text.ShouldBe("""{"a":1}""");
    }

    [Fact]
    public async Task An_exception_is_reported_with_its_type_and_line()
    {
        await using RunningWorker worker = await StartAsync("Throws");
        await worker.CallAsync(1);
        JsonElement error = await ErrorOf(worker, "System.InvalidOperationException");
        error.GetProperty("message").GetString().ShouldBe("boom");
        error.GetProperty("stack").GetString().ShouldBe("at Hello.Throws (Hello.cs:9)");
    }

    [Theory]
    [InlineData("Loop", "unserialisable")]
    [InlineData("BadHeader", "invalid-response")]
    [InlineData("BadStatus", "invalid-response")]
    public async Task An_answer_that_cannot_be_sent_is_an_error(string handler, string type)
    {
        await using RunningWorker worker = await StartAsync(handler);
        await worker.CallAsync(1);
        await ErrorOf(worker, type);
    }

    [Fact]
    public async Task Prints_become_log_lines_of_their_call_before_its_answer()
    {
        await using RunningWorker worker = await StartAsync("Prints");
        await worker.CallAsync(5);
        (await worker.ReceiveAsync()).ShouldSatisfyAllConditions(log => log.Kind.ShouldBe((byte)0x17), log => log.Call.ShouldBe(5u), log => log.Text.ShouldBe("one"));
        (await worker.ReceiveAsync()).Text.ShouldBe("two");
        (await worker.ReceiveAsync()).Text.ShouldBe("\"printed\"");
    }

    [Fact]
    public async Task A_handler_that_blocks_its_thread_still_learns_that_it_was_cancelled()
    {
        await using RunningWorker worker = await StartAsync("Blocks");
        await worker.CallAsync(1);
        await worker.SendAsync(0x13, 1, new { reason = "client-gone" });
        await ErrorOf(worker, "cancelled");
        await worker.CallAsync(2);
        await worker.SendAsync(0x13, 2, new { reason = "client-gone" });
        await ErrorOf(worker, "cancelled");
    }

    [Fact]
    public async Task An_async_sequence_is_streamed()
    {
        await using RunningWorker worker = await StartAsync("Streams");
        await worker.CallAsync(1);
        (await worker.ReceiveAsync()).Header.GetProperty("body").GetString().ShouldBe("stream");
        (await worker.ReceiveAsync()).Text.ShouldBe("a");
        (await worker.ReceiveAsync()).Text.ShouldBe("b");
        (await worker.ReceiveAsync()).Kind.ShouldBe((byte)0x15);
    }

    [Fact]
    public async Task A_large_answer_is_streamed()
    {
        await using RunningWorker worker = await StartAsync("Large");
        await worker.CallAsync(1);
        (await worker.ReceiveAsync()).Header.GetProperty("body").GetString().ShouldBe("stream");
        (await worker.ReceiveAsync()).Body.Length.ShouldBe(100_002);
        (await worker.ReceiveAsync()).Kind.ShouldBe((byte)0x15);
    }

    [Theory]
    [InlineData("Counts", "stream")]
    [InlineData("Length", "buffered")]
    public async Task A_streamed_request_is_credited_and_read_whole(string handler, string requestBody)
    {
        await using RunningWorker worker = await RunningWorker.StartAsync(functions.Root, "Hello:" + handler, requestBody: requestBody);
        await worker.SendAsync(0x10, 1, new { id = "a", body = "stream" });
        for (int i = 0; i < 4; i++)
        {
            await worker.SendAsync(0x14, 1, body: new byte[256 * 1024]);
        }

        await worker.SendAsync(0x15, 1);
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        while (reply.Kind == 0x16)
        {
            reply = await worker.ReceiveAsync();
        }

        reply.Text.ShouldBe("1048576");
    }

    [Fact]
    public async Task A_web_socket_echoes_until_it_is_closed()
    {
        await using RunningWorker worker = await StartAsync("Echoes");
        await worker.SendAsync(0x10, 1, new { id = "a", trigger = "websocket" });
        (await worker.ReceiveAsync()).Header.GetProperty("status").GetInt32().ShouldBe(101);
        await worker.SendAsync(0x18, 1, new { text = true }, "hi"u8.ToArray());
        (await worker.ReceiveAsync()).Kind.ShouldBe((byte)0x16);
        (await worker.ReceiveAsync()).Text.ShouldBe("echo hi");
        await worker.SendAsync(0x15, 1, new { code = 1000, reason = "" });
        (await worker.ReceiveAsync()).Header.GetProperty("code").GetInt32().ShouldBe(1000);
    }

    [Fact]
    public async Task A_missing_handler_is_told_with_its_candidates()
    {
        await using RunningWorker worker = await RunningWorker.StartGenericAsync();
        JsonElement error = (await worker.SpecialiseAsync(functions.Root, ":Nope")).Header.GetProperty("error");
        error.GetProperty("type").GetString().ShouldBe("handler-not-found");
        error.GetProperty("message").GetString()!.ShouldContain("Hello:Handler");
    }

    [Fact]
    public async Task A_shutdown_ends_an_idle_worker_with_code_0()
    {
        await using RunningWorker worker = await StartAsync("Handler");
        await worker.SendAsync(0x04, 0);
        (await worker.ExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_worker_whose_node_is_gone_exits_while_a_handler_blocks()
    {
        await using RunningWorker worker = await StartAsync("Blocks");
        await worker.CallAsync(1);
        worker.CloseChannel();
        (await worker.ExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_syntax_error_is_reported_with_file_line_and_column()
    {
        JsonElement result = await functions.CompileAsync("public static class Bad\n{\n  int x = 1\n}", functions.Root + "-bad");
        JsonElement diagnostic = result.GetProperty("diagnostics")[0];
        diagnostic.GetProperty("file").GetString().ShouldBe("Hello.cs");
        diagnostic.GetProperty("line").GetInt32().ShouldBe(3);
        diagnostic.GetProperty("id").GetString().ShouldBe("CS1002");
    }

    private static async Task<JsonElement> ErrorOf(RunningWorker worker, string type)
    {
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Kind.ShouldBe(Error);
        reply.Header.GetProperty("type").GetString().ShouldBe(type);
        return reply.Header;
    }

    private Task<RunningWorker> StartAsync(string handler) => RunningWorker.StartAsync(functions.Root, "Hello:" + handler);
}
