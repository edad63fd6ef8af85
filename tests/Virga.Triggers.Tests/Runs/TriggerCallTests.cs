using Virga.Core.Invocations;
using Virga.Core.Resources;
using static Virga.Triggers.Tests.Runs.ScriptedFunctions;

namespace Virga.Triggers.Tests.Runs;

/// <summary>What functions are called with, and what becomes of their answers.</summary>
public sealed class TriggerCallTests : IAsyncLifetime
{
    private TriggerWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await TriggerWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_message_is_the_body_of_a_call_and_headers_tell_the_rest()
    {
        _world.Put();
        var id = await _world.PublishAsync("""{"n":1}""", "ann", "orders", new("Source", "web"), new("traceparent", "00-1-2-01"));
        await _world.DoneAsync(1);

        var call = _world.Functions.Calls.ShouldHaveSingleItem();
        call.Body.ShouldBe("""{"n":1}""");
        call.Invocation.Trigger.ShouldBe(Trigger.Topic);
        call.Invocation.TraceParent.ShouldBe("00-1-2-01");
        call.Attempt.ShouldBe(1);
        (call.Headers["content-type"], call.Headers["virga-topic"], call.Headers["virga-message-id"], call.Headers["virga-message-key"], call.Headers["virga-property-source"], call.Headers["virga-redelivery-count"])
            .ShouldBe(("application/json", "persistent://default/default/orders", id.ToString(), "ann", "web", "0"));
        call.Headers["virga-publish-time"].ShouldEndWith("Z");
        call.Headers.ContainsKey("virga-event-time").ShouldBeFalse();
    }

    [Theory]
    [InlineData("""[1]""", null, "application/json")]
    [InlineData("hello", null, "text/plain; charset=utf-8")]
    [InlineData("{broken", null, "text/plain; charset=utf-8")]
    [InlineData("12", "text/csv", "text/csv")]
    public async Task What_a_payload_is_is_said_by_its_producer_or_seen(string payload, string? said, string expected)
    {
        _world.Put();
        await _world.PublishAsync(payload, null, "orders", said is null ? [] : [new("Content-Type", said)]);
        await _world.DoneAsync(1);

        _world.Functions.Calls.Single().Headers["content-type"].ShouldBe(expected);
    }

    [Fact]
    public async Task A_large_message_is_streamed()
    {
        _world.Put();
        var large = $"\"{new string('x', 200_000)}\"";
        await _world.PublishAsync(large);
        await _world.DoneAsync(1);

        _world.Functions.Calls.Single().Body.ShouldBe(large);
        _world.Functions.Calls.Single().Invocation.BodyStream.ShouldNotBeNull();
    }

    [Fact]
    public async Task Several_messages_are_a_list_of_what_they_are()
    {
        await _world.PublishAsync("""{"n":1}""", "ann");
        await _world.PublishAsync("text", null, "orders", new KeyValuePair<string, string>("a", "b"));
        _world.Put(change: static spec => spec with { Batch = new TriggerBatch { MaxMessages = 10 } });
        await _world.DoneAsync(2);

        var list = _world.Functions.Calls.SelectMany(static call => call.Json.EnumerateArray()).ToList();
        list.Count.ShouldBe(2);
        (list[0].GetProperty("key").GetString(), list[0].GetProperty("value").GetProperty("n").GetInt32()).ShouldBe(("ann", 1));
        (list[1].GetProperty("value").GetString(), list[1].GetProperty("properties").GetProperty("a").GetString()).ShouldBe(("text", "b"));
        _world.Functions.Calls.First().Headers["virga-message-count"].ShouldNotBeNull();
    }

    [Fact]
    public async Task Answers_are_published_with_the_keys_of_the_messages()
    {
        _world.Functions.Handler = static (call, _) => Task.FromResult(call.Body == "2" ? Ok("null") : Ok($"{{\"seen\":{call.Body}}}"));
        _world.Put(change: static spec => spec with { Output = "answers" });
        await _world.PublishAsync("1", "ann");
        await _world.PublishAsync("2", "bob");
        await _world.PublishAsync("3", "cleo");
        await _world.DoneAsync(3);

        var answers = await _world.ReadAsync("answers", 2);
        answers.Select(static answer => $"{System.Text.Encoding.UTF8.GetString(answer.Payload.Span)} {answer.Key}").Order().ShouldBe(["{\"seen\":1} ann", "{\"seen\":3} cleo"]);
        answers.ShouldAllBe(static answer => answer.Properties.Count == 0);
    }

    [Fact]
    public async Task Answers_to_several_messages_are_published_one_by_one()
    {
        _world.Functions.Handler = static (call, _) => Task.FromResult(Ok($"{{\"answers\":[{string.Join(',', call.Json.EnumerateArray().Select(static one => one.GetProperty("value").GetInt32() * 10))}]}}"));
        await _world.PublishAllAsync(Enumerable.Range(1, 5).Select(static n => ($"{n}", (string?)$"k{n}")));
        _world.Put(TopicSharing.Exclusive, static spec => spec with { Output = "answers", Batch = new TriggerBatch { MaxMessages = 10 } });
        await _world.DoneAsync(5);

        (await _world.ReadAsync("answers", 5)).Select(static answer => $"{System.Text.Encoding.UTF8.GetString(answer.Payload.Span)} {answer.Key}").ShouldBe(["10 k1", "20 k2", "30 k3", "40 k4", "50 k5"]);
    }

    [Fact]
    public async Task Topics_that_a_pattern_matches_are_consumed_when_they_come()
    {
        _world.Put(change: static spec => spec with { Source = new TriggerSource { Topic = new TopicSource { Pattern = "orders-.*", From = TopicStart.Earliest } } });
        await TriggerWorld.EventuallyAsync(() => _world.Engine.FiguresOf(TestTriggers.Name("handle"))?.State == Virga.Triggers.Runs.TriggerState.Running);
        await _world.PublishAsync("1", topic: "orders-new");
        await _world.PublishAsync("2", topic: "returns");
        await _world.PublishAsync("3", topic: "orders-newer");
        await _world.DoneAsync(2);

        _world.Functions.Calls.Select(static call => call.Body).Order().ShouldBe(["1", "3"]);
    }

    [Fact]
    public async Task A_partitioned_topic_is_consumed_in_all_its_partitions()
    {
        await _world.Broker.CreateAsync(Virga.Topics.Names.TopicName.Parse("orders"), 3, TriggerWorld.Cancellation);
        _world.Put(TopicSharing.KeyShared);
        await _world.PublishAllAsync(Enumerable.Range(0, 30).Select(static n => ($"{n}", (string?)$"k{n}")));
        await _world.DoneAsync(30);

        _world.Functions.Calls.Select(static call => int.Parse(call.Body, System.Globalization.CultureInfo.InvariantCulture)).Order().ShouldBe(Enumerable.Range(0, 30));
        _world.Functions.Calls.Select(static call => call.Headers["virga-topic"]).Distinct().Count().ShouldBe(3);
        _world.Figures().Topics.Count.ShouldBe(3);
    }
}
