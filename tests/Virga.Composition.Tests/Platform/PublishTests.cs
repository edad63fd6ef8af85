using System.Text;
using System.Text.Json.Nodes;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Lattices;
using static Virga.Composition.Tests.Platform.Requests;

namespace Virga.Composition.Tests.Platform;

/// <summary>What functions publish.</summary>
public sealed class PublishTests : IAsyncLifetime
{
    private AskingFunctions _functions = null!;

    public async ValueTask InitializeAsync() => _functions = await AskingFunctions.StartAsync();

    public ValueTask DisposeAsync() => _functions.DisposeAsync();

    [Fact]
    public async Task A_message_is_published_with_all_that_the_function_says_of_it()
    {
        _functions.Publisher = static _ => Task.FromResult("3:14:2");
        var answer = await _functions.AskAsync(_functions.Call("shop"), Publish(Message("orders", """{"n":1}""", flags: 63, rest: static output =>
        {
            output.WriteText("ann");
            output.WriteVarint(2);
            output.WriteText("Source");
            output.WriteText("web");
            output.WriteText("b");
            output.WriteText("");
            output.WriteVarint(1_763_712_000_123);
            output.WriteVarint(5000);
            output.WriteVarint(42);
            output.WriteText("import");
        })));

        var (function, published) = _functions.Published.ShouldHaveSingleItem();
        function.ToString().ShouldBe("default/shop/asking");
        published.Topic.ShouldBe("orders");
        Encoding.UTF8.GetString(published.Payload.Span).ShouldBe("""{"n":1}""");
        published.ContentType.ShouldBe("application/json");
        published.Key.ShouldBe("ann");
        published.Properties.ShouldBe([KeyValuePair.Create("Source", "web"), KeyValuePair.Create("b", "")]);
        published.EventAt.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(1_763_712_000_123));
        published.DeliverAfter.ShouldBe(TimeSpan.FromSeconds(5));
        published.SequenceId.ShouldBe(42);
        published.Producer.ShouldBe("import");
        Results(answer).ShouldBe(["3:14:2"]);
    }

    [Fact]
    public async Task What_is_not_said_of_a_message_is_absent_and_its_kind_is_told()
    {
        await _functions.AskAsync(_functions.Call(), Publish(Message("a", "x", PayloadTag.Text), Message("b", "y", PayloadTag.Bytes)));

        var published = _functions.Published.Select(static item => item.Publication).ToList();
        published.Select(static one => one.ContentType).ShouldBe(["text/plain; charset=utf-8", "application/octet-stream"]);
        foreach (var one in published)
        {
            (one.Key, one.EventAt, one.DeliverAfter, one.SequenceId, one.Producer, one.Properties.Count).ShouldBe((null, null, null, null, null, 0));
        }
    }

    [Fact]
    public async Task The_messages_of_a_request_are_all_begun_before_one_is_awaited()
    {
        var gate = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _functions.Publisher = one => one.Topic == "last" ? Release() : gate.Task;

        var answer = await _functions.AskAsync(_functions.Call(), Publish(Message("first", "1"), Message("second", "2"), Message("last", "3")));

        _functions.Published.Select(static item => item.Publication.Topic).ShouldBe(["first", "second", "last"]);
        Results(answer).ShouldBe(["1:0", "1:0", "1:0"]);

        Task<string> Release()
        {
            gate.SetResult("1:0");
            return gate.Task;
        }
    }

    [Fact]
    public async Task A_message_that_is_refused_says_so_in_its_place_and_the_others_are_published()
    {
        _functions.Publisher = static one => one.Topic == "full" ? Task.FromException<string>(new ProblemException(KnownProblems.StorageFull("No room."))) : Task.FromResult("1:0");

        Results(await _functions.AskAsync(_functions.Call(), Publish(Message("a", "1"), Message("full", "2"), Message("b", "3")))).ShouldBe(["1:0", "urn:virga:problem:storage-full", "1:0"]);
    }

    [Fact]
    public async Task A_payload_outlives_the_request_that_brought_it()
    {
        var request = new System.Buffers.ArrayBufferWriter<byte>();
        Publish(Message("a", "original", PayloadTag.Text))(request);
        var bytes = request.WrittenSpan.ToArray();
        await _functions.Platform.AnswerAsync(_functions.Call(), bytes, new System.Buffers.ArrayBufferWriter<byte>(), TestContext.Current.CancellationToken);
        Array.Clear(bytes);

        Encoding.UTF8.GetString(_functions.Published.Single().Publication.Payload.Span).ShouldBe("original");
    }

    [Theory]
    [InlineData(new byte[] { 5, 0 })]
    [InlineData(new byte[] { 5, 1, 1, (byte)'a', 64, 2, 1, 49 })]
    [InlineData(new byte[] { 5, 1, 1, (byte)'a', 0, 2, 9, 49 })]
    [InlineData(new byte[] { 5, 1, 1, (byte)'a', 0, 2, 1, 49, 0 })]
    [InlineData(new byte[] { 5, 1, 1, (byte)'a', 1, 2, 1, 49, 7 })]
    [InlineData(new byte[] { 5, 1, 1, (byte)'a', 4, 2, 1, 49, 255, 255, 255, 255, 255, 255, 255, 255, 127 })]
    public async Task A_request_that_cannot_be_read_publishes_nothing(byte[] request)
    {
        var refused = await Should.ThrowAsync<ProblemException>(async () =>
            await _functions.Platform.AnswerAsync(_functions.Call(), request, new System.Buffers.ArrayBufferWriter<byte>(), TestContext.Current.CancellationToken));

        refused.Problem.Slug.ShouldBe("invalid-request");
        _functions.Published.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nobody_is_answered_who_has_gone_while_a_message_is_under_way()
    {
        using var gone = new CancellationTokenSource();
        _functions.Publisher = static _ => new TaskCompletionSource<string>().Task;
        var asking = _functions.AskAsync(_functions.Call(), Publish(Message("a", "1")), gone.Token);
        await gone.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(asking);
    }

    private static List<string> Results(byte[] answer)
    {
        var reader = new ByteReader(answer);
        var results = new List<string>();
        for (var left = reader.ReadVarint(); left > 0; left--)
        {
            results.Add(reader.ReadByte() == 0 ? reader.ReadText() : JsonNode.Parse(Encoding.UTF8.GetString(reader.ReadBytes()))!["type"]!.GetValue<string>());
        }

        reader.IsAtEnd.ShouldBeTrue();
        return results;
    }
}
