using System.Text;
using static Virga.Worker.Tests.Platform;

namespace Virga.Worker.Tests;

public sealed class PublishingTests(PublishingFunctions functions) : IClassFixture<PublishingFunctions>
{
    private const byte Result = 0x11;
    private const byte Error = 0x12;

    [Fact]
    public async Task A_message_is_written_with_all_that_is_said_of_it()
    {
        await using RunningWorker worker = await StartAsync("One");
        await worker.CallAsync(1);
        Platform.Request request = await worker.AskAsync();
        request.Body.ShouldBe(
        [
            5, 1, .. Text("orders"), 63, .. Json("""{"n":1}"""), .. Text("ann"), 2, .. Text("Source"), .. Text("web"), .. Text("n"), .. Text("2"),
            .. Varint(1763712000123), .. Varint(5000), .. Varint(42), .. Text("import"),
        ]);
        await worker.AnswerAsync(request, [1, 0, .. Text("3:14:2")]);
        (await ResultAsync(worker)).ShouldBe("\"3:14:2\"");
    }

    [Fact]
    public async Task Several_messages_go_in_one_request()
    {
        await using RunningWorker worker = await StartAsync("Many");
        await worker.CallAsync(1);
        Platform.Request request = await worker.AskAsync();
        request.Body.ShouldBe([5, 2, .. Text("t"), 0, .. Value(2, "a"u8.ToArray()), .. Text("t"), 1, .. Value(0, [7]), .. Text("k")]);
        await worker.AnswerAsync(request, [2, 0, .. Text("1:0"), 0, .. Text("1:1")]);
        (await ResultAsync(worker)).ShouldBe("""["1:0","1:1"]""");
    }

    [Fact]
    public async Task Many_messages_are_split_over_requests_that_are_under_way_together()
    {
        await using RunningWorker worker = await StartAsync("Lots");
        await worker.CallAsync(1);
        Platform.Request first = await worker.AskAsync();
        Platform.Request second = await worker.AskAsync();
        first.Body.AsSpan(0, 3).ToArray().ShouldBe([5, .. Varint(1000)]);
        second.Body.AsSpan(0, 3).ToArray().ShouldBe([5, .. Varint(500)]);
        await worker.AnswerAsync(second, Ids(500));
        await worker.AnswerAsync(first, Ids(1000));
        (await ResultAsync(worker)).ShouldBe("1500");
    }

    [Fact]
    public async Task A_refused_message_throws_what_became_of_it()
    {
        await using RunningWorker worker = await StartAsync("Refused");
        await worker.CallAsync(1);
        await worker.AnswerAsync(await worker.AskAsync(), [2, 0, .. Text("1:0"), .. Platform.Refused("storage-full", 507)]);
        (await ResultAsync(worker)).ShouldBe("""{"type":"storage-full","status":507}""");
        await worker.CallAsync(2);
        await worker.RefuseAsync(await worker.AskAsync(), "unavailable", 503);
        (await ResultAsync(worker)).ShouldBe("""{"type":"unavailable","status":503}""");
    }

    [Fact]
    public async Task A_delay_below_zero_is_refused_before_anything_is_sent()
    {
        await using RunningWorker worker = await StartAsync("Negative");
        await worker.CallAsync(1);
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Kind.ShouldBe(Error, reply.Text);
        reply.Header.GetProperty("message").GetString()!.ShouldContain("DeliverAfter");
    }

    private static byte[] Ids(int count) => [.. Varint(count), .. Enumerable.Repeat<byte[]>([0, .. Text("1:0")], count).SelectMany(static id => id)];

    private static async Task<string> ResultAsync(RunningWorker worker)
    {
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Kind.ShouldBe(Result, reply.Text);
        return Encoding.UTF8.GetString(reply.Body);
    }

    private Task<RunningWorker> StartAsync(string handler) => RunningWorker.StartAsync(functions.Root, "Publishing:" + handler, 1);
}
