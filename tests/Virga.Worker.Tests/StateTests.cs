using System.Text;
using System.Text.Json;
using static Virga.Worker.Tests.Platform;

namespace Virga.Worker.Tests;

public sealed class StateTests(StateFunctions functions) : IClassFixture<StateFunctions>
{
    private const byte Result = 0x11;
    private const byte Error = 0x12;
    private const byte Withdraw = 0x22;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_value_is_read_as_what_it_is(int concurrency)
    {
        await using RunningWorker worker = await StartAsync("Get", concurrency);
        await worker.CallAsync(1);
        (await worker.RespondAsync(Found(Json("""{"a":[1]}""")))).Body.ShouldBe([1, 1, 1, .. Text("k"), 1]);
        (await ResultAsync(worker)).ShouldBe("""{"a":[1]}""");
        await worker.CallAsync(2);
        await worker.RespondAsync(Found(Value(2, "ü"u8.ToArray())));
        (await ResultAsync(worker)).ShouldBe("\"ü\"");
        await worker.CallAsync(3);
        await worker.RespondAsync(NoKey);
        (await ResultAsync(worker)).ShouldBe("null");
    }

    [Fact]
    public async Task Text_that_is_asked_for_as_a_number_is_told_to_be_text()
    {
        await using RunningWorker worker = await StartAsync("GetNumber");
        await worker.CallAsync(1);
        await worker.RespondAsync(Found(Value(2, "7"u8.ToArray())));
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Header.GetProperty("message").GetString().ShouldBe("The value is no JSON but text: read it as a string, not as Nullable`1.");
    }

    [Fact]
    public async Task A_conditional_put_carries_the_version_that_was_read()
    {
        await using RunningWorker worker = await StartAsync("Versioned");
        await worker.CallAsync(1);
        await worker.RespondAsync([0, 3, .. Version(9), 2, .. Json("\"a\""), .. Json("\"b\"")]);
        Platform.Request put = await worker.RespondAsync([0, .. Version(10)]);
        put.Body.ShouldBe([1, 1, 2, .. Text("k"), 3, .. Value(2, "v"u8.ToArray()), .. Varint(2000), .. Version(9)]);
        (await ResultAsync(worker)).ShouldBe("""{"value":"a","siblings":["a","b"],"next":"000000000000000a0000000000000000","same":false}""");
    }

    [Fact]
    public async Task A_key_that_must_not_exist_has_the_version_of_zeros()
    {
        await using RunningWorker worker = await StartAsync("Absent");
        await worker.CallAsync(1);
        (await worker.RespondAsync([0, .. Version(1)])).Body.ShouldBe([1, 1, 2, .. Text("k"), 2, .. Json("""{"a":1}"""), .. new byte[16]]);
        await ResultAsync(worker);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Large_values_come_in_pieces_and_cross_the_channel_again_only_when_they_have_changed(int concurrency)
    {
        await using RunningWorker worker = await StartAsync("Length", concurrency);
        byte[] large = new byte[900_000];
        large[^1] = 7;
        await worker.CallAsync(1);
        await worker.RespondAsync(Found(Value(0, large), version: 5));
        (await worker.RespondAsync([0, .. Version(6)])).Body.ShouldBe([1, 1, 2, .. Text("l"), 0, .. Value(0, large)]);
        (await ResultAsync(worker)).ShouldBe("900000");
        await worker.CallAsync(2);
        (await worker.RespondAsync(Unchanged)).Body.ShouldBe([1, 1, 1, .. Text("k"), 3, .. Version(5)]);
        await worker.RespondAsync([0, .. Version(6)]);
        (await ResultAsync(worker)).ShouldBe("900000");
    }

    [Fact]
    public async Task What_is_larger_than_a_part_of_the_memory_is_not_kept()
    {
        await using RunningWorker worker = await StartAsync("Length");
        byte[] large = new byte[RunningWorker.Memory / 3];
        for (uint call = 1; call <= 2; call++)
        {
            await worker.CallAsync(call);
            (await worker.RespondAsync(Found(Value(0, large)))).Body.ShouldBe([1, 1, 1, .. Text("k"), 1]);
            await worker.RespondAsync([0, .. Version(6)]);
            await ResultAsync(worker);
        }
    }

    [Fact]
    public async Task Several_keys_are_one_request_and_what_had_no_room_is_asked_for_again()
    {
        await using RunningWorker worker = await StartAsync("Several");
        await worker.CallAsync(1);
        Platform.Request first = await worker.RespondAsync(Found(Json("1")), Refused("answer-full", 413), NoKey);
        first.Body.ShouldBe([1, 3, 1, .. Text("a"), 1, 1, .. Text("b"), 1, 1, .. Text("c"), 1]);
        (await worker.RespondAsync(Found(Json("2")))).Body.ShouldBe([1, 1, 1, .. Text("b"), 1]);
        (await ResultAsync(worker)).ShouldBe("""{"a":1,"b":2}""");
    }

    [Fact]
    public async Task Views_are_updates_and_queries()
    {
        await using RunningWorker worker = await StartAsync("Views");
        await worker.CallAsync(1);
        await Expect(8, [.. Varint(2)], [0, 2]);
        await Expect(8, [.. Varint(5)], [0, 3]);
        await Expect(6, Text("""{"set":{"add":["a"]}}"""), [0, .. Json("""{"size":1,"added":1,"removed":0}""")]);
        await Expect(6, Text("""{"set":{"remove":[1,2]}}"""), [0, .. Json("""{"size":1}""")]);
        await Expect(7, Text("""{"growSet":{"has":"a"}}"""), [0, .. Json("true")]);
        await Expect(6, Text("""{"orderedSet":{"add":[{"member":"a","score":1.5}]}}"""), [0, .. Json("""{"size":1}""")]);
        await Expect(7, Text("""{"orderedSet":{"range":[0,1],"reverse":true}}"""), [0, .. Json("""[{"member":"m","score":2}]""")]);
        await Expect(7, Text("""{"orderedSet":{"score":"b"}}"""), [0, .. Json("null")]);
        await Expect(6, Text("""{"map":{"put":{"f":1}}}"""), [0, .. Json("""{"size":1}""")]);
        await Expect(6, Text("""{"map":{"update":{"f":{"counter":{"increment":1}}}}}"""), [0, .. Json("""{"size":1}""")]);
        await Expect(7, Text("""{"map":{"get":"f"}}"""), [0, .. Json("4")]);
        await Expect(6, Text("""{"max":5}"""), [0, .. Json("7.5")]);
        await Expect(6, Text("""{"log":{"append":["x"],"keep":9}}"""), [0, .. Json("""{"size":1}""")]);
        await Expect(7, Text("""{"log":{"last":2}}"""), [0, .. Json("""["x","y"]""")]);
        await Expect(7, Text("""{"set":"size"}"""), [0, .. Json("3")]);
        await Expect(6, Text("""{"hyperLogLog":{"add":["a","b"],"precision":12}}"""), [0, .. Json("""{"added":2}""")]);
        await Expect(7, Text("""{"hyperLogLog":"estimate"}"""), [0, .. Json("""{"estimate":5,"low":4,"high":6}""")]);
        await Expect(6, Text("""{"theta":{"merge":["AA==",null]}}"""), [0, .. Json("""{"added":2}""")]);
        await Expect(7, Text("""{"theta":{"intersection":["AA=="]}}"""), [0, .. Json("""{"estimate":1,"low":1,"high":1}""")]);
        await Expect(6, Text("""{"countMin":{"weighted":[{"value":"a","weight":3}],"error":0.01}}"""), [0, .. Json("""{"added":1}""")]);
        await Expect(7, Text("""{"countMin":{"count":"a"}}"""), [0, .. Json("3")]);
        await Expect(7, Text("""{"topK":{"top":1}}"""), [0, .. Json("""[{"value":"t","count":2,"error":0}]""")]);
        await Expect(7, Text("""{"topK":{"count":"a"}}"""), [0, .. Json("""{"count":2,"error":0}""")]);
        await Expect(6, Text("""{"quantiles":{"add":[2.5]}}"""), [0, .. Json("""{"added":1}""")]);
        await Expect(7, Text("""{"quantiles":{"at":[0.5]}}"""), [0, .. Json("[2.5]")]);
        await Expect(6, Text("""{"bloom":{"add":["a"],"falsePositives":0.1}}"""), [0, .. Json("""{"added":1}""")]);
        await Expect(7, Text("""{"bloom":{"has":"a"}}"""), [0, .. Json("true")]);
        await Expect(6, Text("""{"reservoir":{"weighted":[{"value":"a","weight":0.5}]}}"""), [0, .. Json("""{"added":1}""")]);
        await Expect(7, Text("""{"reservoir":{"sample":10}}"""), [0, .. Json("""["s"]""")]);
        await Expect(6, Text("""{"flag":true}"""), [0, .. Json("true")]);
        await Expect(3, [], [0, 1]);
        using JsonDocument results = JsonDocument.Parse(await ResultAsync(worker));
        results.RootElement.EnumerateArray().Select(result => result.ToString()).ShouldBe(
        [
            "1", "-2", """{"size":1,"added":1,"removed":0}""", """{"size":1,"added":0,"removed":0}""", "True", """{"size":1,"added":0,"removed":0}""", "m", "",
            """{"size":1,"added":0,"removed":0}""", """{"size":1,"added":0,"removed":0}""", "4", "7.5", """{"size":1,"added":0,"removed":0}""", """["x","y"]""", "3",
            "2", """{"estimate":5,"low":4,"high":6}""", "2", """{"estimate":1,"low":1,"high":1}""", "1", "3", "t", "a", "1", "2.5", "1", "True", "1", """["s"]""", "True",
        ]);

        async Task Expect(byte command, byte[] arguments, byte[] result) =>
            (await worker.RespondAsync(result)).Body.ShouldBe([1, 1, command, .. Text("k"), .. arguments]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refusal_says_what_to_do(bool whole)
    {
        await using RunningWorker worker = await StartAsync("Caught");
        await worker.CallAsync(1);
        if (whole)
        {
            await worker.RefuseAsync(await worker.AskAsync(), "state-unavailable", 503);
        }
        else
        {
            await worker.RespondAsync(Refused("state-unavailable", 503));
        }

        (await ResultAsync(worker)).ShouldBe("""{"type":"state-unavailable","status":503,"detail":"No.","fix":"Wait.","message":"No. Wait."}""");
    }

    [Fact]
    public async Task A_value_that_is_too_large_is_never_sent()
    {
        await using RunningWorker worker = await StartAsync("Huge");
        await worker.CallAsync(1);
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Kind.ShouldBe(Error);
        reply.Header.GetProperty("message").GetString()!.ShouldContain("of at most 16777216");
    }

    [Fact]
    public async Task Keys_are_listed_page_by_page()
    {
        await using RunningWorker worker = await StartAsync("Lists");
        await worker.CallAsync(1);
        (await worker.RespondAsync([0, 2, .. Text("p/a"), .. Text("set"), .. Text("p/b"), .. Text("lww"), 1])).Body.ShouldBe([1, 1, 4, .. Text("p/"), 0, .. Varint(1000)]);
        (await worker.RespondAsync([0, 1, .. Text("p/c"), .. Text("max"), 0])).Body.ShouldBe([1, 1, 4, .. Text("p/"), .. Text("p/b"), .. Varint(1000)]);
        (await ResultAsync(worker)).ShouldBe("""["p/a:set","p/b:lww","p/c:max"]""");
    }

    [Fact]
    public async Task A_watch_follows_its_cursor()
    {
        await using RunningWorker worker = await StartAsync("Watches");
        await worker.CallAsync(1);
        (await worker.RespondAsync([0, .. Varint(300), 0])).Body[..7].ShouldBe([1, 1, 5, .. Text("p/"), 0]);
        (await worker.RespondAsync([0, .. Varint(302), 2, .. Text("p/a"), 1, .. Json("5"), .. Text("p/b"), 0])).Body[..8].ShouldBe([1, 1, 5, .. Text("p/"), .. Varint(300)]);
        (await ResultAsync(worker)).ShouldBe("""["p/a:5","p/b:gone"]""");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Requests_are_pipelined_and_answered_in_any_order(int concurrency)
    {
        await using RunningWorker worker = await StartAsync("Gathers", concurrency);
        await worker.CallAsync(1);
        Platform.Request a = await worker.AskAsync();
        Platform.Request b = await worker.AskAsync();
        await worker.AnswerAsync(b, [1, .. Found(Json("2"))]);
        await worker.AnswerAsync(a, [1, .. Found(Json("1"))]);
        (await ResultAsync(worker)).ShouldBe("[1,2]");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_handler_that_blocks_its_thread_still_gets_its_answers(int concurrency)
    {
        await using RunningWorker worker = await StartAsync("Blocks", concurrency);
        await worker.CallAsync(1);
        await worker.RespondAsync(Found(Json("1")));
        await worker.RespondAsync(Found(Json("2")));
        (await ResultAsync(worker)).ShouldBe("3");
    }

    [Fact]
    public async Task No_more_requests_are_open_than_the_node_allows()
    {
        await using RunningWorker worker = await StartAsync("Floods");
        await worker.CallAsync(1);
        var asked = new Queue<Platform.Request>();
        for (int i = 0; i < 512; i++)
        {
            asked.Enqueue(await worker.AskAsync());
        }

        for (int i = 512; i < 600; i++)
        {
            await worker.AnswerAsync(asked.Dequeue(), [1, 0, 2]);
            asked.Enqueue(await worker.AskAsync());
        }

        while (asked.TryDequeue(out Platform.Request? request))
        {
            await worker.AnswerAsync(request, [1, 0, 2]);
        }

        (await ResultAsync(worker)).ShouldBe("600");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Whoever_waits_learns_that_the_call_was_cancelled(int concurrency)
    {
        await using RunningWorker worker = await StartAsync("Get", concurrency);
        await worker.CallAsync(1);
        Platform.Request request = await worker.AskAsync();
        await worker.SendAsync(0x13, 1, new { reason = "client-gone" });
        (await worker.ReceiveAsync()).Header.GetProperty("type").GetString().ShouldBe("cancelled");

        // A late answer is nobody's.
        await worker.AnswerAsync(request, [1, .. Found(Json("1"))]);
        await worker.CallAsync(2);
        await worker.RespondAsync(Found(Json("2")));
        (await ResultAsync(worker)).ShouldBe("2");
    }

    [Fact]
    public async Task After_its_answer_a_call_asks_for_nothing()
    {
        await using RunningWorker worker = await StartAsync("Late");
        await worker.CallAsync(1);
        await ResultAsync(worker);
        await worker.CallAsync(2);
        (await worker.ReceiveAsync()).Header.GetProperty("message").GetString()!.ShouldContain("was answered");
    }

    [Fact]
    public async Task A_called_function_answers_what_was_asked_for()
    {
        await using RunningWorker worker = await StartAsync("Calls");
        await worker.CallAsync(1);
        Platform.Request request = await worker.AskAsync();
        request.Body.ShouldBe([2, .. Text("g:live"), 0, .. Json("""{"model":{"$ref":"models/7"},"n":1}"""), 1, .. Text("models/7")]);
        await worker.AnswerAsync(request, [.. Varint(200), .. Text("application/json"), .. Text("""{"x":1}""")]);
        (await ResultAsync(worker)).ShouldBe("""{"x":1}""");
    }

    [Theory]
    [InlineData("text/plain", "no tea", """{"status":404,"type":"call-failed","detail":"'g' answered 404: no tea","said":"no tea"}""")]
    [InlineData("application/problem+json", """{"type":"urn:virga:problem:timeout","detail":"Late."}""", """{"status":404,"type":"call-failed","detail":"'g' answered 404: Late.","said":"{\"type\":\"urn:virga:problem:timeout\",\"detail\":\"Late.\"}"}""")]
    public async Task A_called_function_that_fails_throws(string contentType, string body, string expected)
    {
        await using RunningWorker worker = await StartAsync("Fails");
        await worker.CallAsync(1);
        Platform.Request request = await worker.AskAsync();
        request.Body.ShouldBe([2, .. Text("g"), 0, 0, 0]);
        await worker.AnswerAsync(request, [.. Varint(404), .. Text(contentType), .. Text(body)]);
        (await ResultAsync(worker)).ShouldBe(expected);
    }

    [Fact]
    public async Task Calls_that_are_started_run_at_the_same_time()
    {
        await using RunningWorker worker = await StartAsync("Starts");
        await worker.CallAsync(1);
        Platform.Request a = await worker.AskAsync();
        Platform.Request b = await worker.AskAsync();
        a.Body.ShouldBe([2, .. Text("a"), 1, .. Value(2, "text"u8.ToArray()), 0]);
        b.Body.ShouldBe([2, .. Text("b"), 1, 0, 0]);
        await worker.AnswerAsync(b, [.. Varint(200), .. Text("application/json"), .. Text("2")]);
        await worker.AnswerAsync(a, [.. Varint(200), .. Text("text/plain"), .. Text("one")]);
        (await ResultAsync(worker)).ShouldBe("""["one",2]""");
    }

    [Fact]
    public async Task Messages_are_sent_and_received_between_running_calls()
    {
        await using RunningWorker worker = await StartAsync("Messages");
        await worker.CallAsync(3);
        Platform.Request send = await worker.AskAsync();
        send.Body.ShouldBe([3, .. Text("n2.x"), .. Json("""{"a":1}""")]);
        await worker.AnswerAsync(send, [1]);
        Platform.Request receive = await worker.AskAsync();
        receive.Body.ShouldBe([4, 0, 10]);
        await worker.AnswerAsync(receive, [1, .. Text("n2.x"), .. Value(2, "hi"u8.ToArray())]);
        (await ResultAsync(worker)).ShouldBe("""["n1.c3","Delivered",["n2.x=hi"]]""");
    }

    [Fact]
    public async Task A_wait_that_is_given_up_is_withdrawn()
    {
        await using RunningWorker worker = await StartAsync("GivesUp");
        await worker.CallAsync(1);
        Platform.Request request = await worker.AskAsync();
        RunningWorker.Reply withdrawn = await worker.ReceiveAsync();
        withdrawn.Kind.ShouldBe(Withdraw);
        withdrawn.Body.ShouldBe(BitConverter.GetBytes(request.Id));
        (await ResultAsync(worker)).ShouldBe("\"late\"");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Values_stand_where_references_stood(int concurrency)
    {
        await using RunningWorker worker = await StartAsync("Body", concurrency);
        await worker.CallAsync(1, """{"a":{"$ref":"k"},"b":[{"$ref":"gone"},{"$ref":"unnamed"},-1.5,true,"é"],"c":{"$ref":"t"}}""", references: ["k", "gone", "t"]);
        await worker.RespondAsync(Found(Json("""{"deep":[1]}""")), NoKey, Found(Value(2, "say \"x\""u8.ToArray())));
        using JsonDocument body = JsonDocument.Parse(await ResultAsync(worker));
        JsonSerializer.Serialize(body.RootElement).ShouldBe(JsonSerializer.Serialize(JsonDocument.Parse(
            """{"a":{"deep":[1]},"b":[null,{"$ref":"unnamed"},-1.5,true,"é"],"c":"say \"x\""}""").RootElement));
    }

    [Fact]
    public async Task A_reference_that_cannot_be_read_fails_the_call()
    {
        await using RunningWorker worker = await StartAsync("Body");
        await worker.CallAsync(1, """{"$ref":"k"}""", references: ["k"]);
        await worker.RefuseAsync(await worker.AskAsync(), "state-unavailable", 503);
        (await worker.ReceiveAsync()).Header.GetProperty("type").GetString().ShouldBe("Virga.Functions.PlatformException");
    }

    private static async Task<string> ResultAsync(RunningWorker worker)
    {
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Kind.ShouldBe(Result, reply.Header.ToString());
        return reply.Text;
    }

    private Task<RunningWorker> StartAsync(string handler, int concurrency = 1) => RunningWorker.StartAsync(functions.Root, "Asking:" + handler, concurrency);
}
