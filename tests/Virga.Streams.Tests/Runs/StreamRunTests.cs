using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using Virga.Core.Resources;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Streams.Tests.Runs;

public sealed class StreamRunTests
{
    [Fact]
    public async Task Answers_come_out_in_the_order_of_the_messages_with_their_keys()
    {
        await using var world = await StreamWorld.StartAsync();
        var turn = 0;
        world.Function.Handler = async (body, cancellation) =>
        {
            // Each fourth takes longer than those behind it.
            if (Interlocked.Increment(ref turn) % 4 == 1)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(3), cancellation);
            }

            return ScriptedFunction.Ok($"{body}!");
        };
        await world.PublishManyAsync(Enumerable.Range(0, 200).Select(static i => ($"{i}", (string?)$"k{i % 7}")));

        world.Put();

        var published = await world.ReadAsync("out", 200);
        published.Select(StreamWorld.Text).ShouldBe(Enumerable.Range(0, 200).Select(static i => $"{i}!"));
        published.Select(static message => message.Key).ShouldBe(Enumerable.Range(0, 200).Select(static i => $"k{i % 7}"));
        await world.DoneAsync(200);
    }

    [Fact]
    public async Task Messages_of_one_key_are_never_with_the_function_at_the_same_time()
    {
        await using var world = await StreamWorld.StartAsync();
        var inside = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var broken = 0;
        world.Function.Handler = async (body, _) =>
        {
            broken += inside.AddOrUpdate(body, 1, static (_, count) => count + 1) > 1 ? 1 : 0;
            await Task.Yield();
            inside.AddOrUpdate(body, 0, static (_, count) => count - 1);
            return ScriptedFunction.Ok("null");
        };
        await world.PublishManyAsync(Enumerable.Range(0, 500).Select(static i => ($"k{i % 3}", (string?)$"k{i % 3}")));

        world.Put(static spec => spec with { Parallelism = 16 });

        await world.DoneAsync(500);
        broken.ShouldBe(0);
        (await world.ReadAllAsync("out")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_batch_is_one_call_and_its_answers_are_messages()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Function.Handler = static (body, _) =>
        {
            using var messages = JsonDocument.Parse(body);
            return Task.FromResult(ScriptedFunction.Ok($"[{string.Join(',', messages.RootElement.EnumerateArray().Select(static message => message.GetProperty("value").GetInt32() % 2 == 0 ? $"{message.GetProperty("value").GetInt32() * 10}" : "null"))}]"));
        };
        await world.PublishManyAsync(Enumerable.Range(0, 100).Select(static i => ($"{i}", (string?)null)));

        world.Put(static spec => spec with { Batch = 25, Parallelism = 2 });

        (await world.ReadAsync("out", 50)).Select(StreamWorld.Text).ShouldBe(Enumerable.Range(0, 50).Select(static i => $"{i * 20}"));
        await world.DoneAsync(100);
        world.Function.Calls.Count.ShouldBeLessThan(100);
    }

    [Fact]
    public async Task A_message_that_fails_for_good_goes_to_the_dead_letters_and_takes_no_other_with_it()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Function.Handler = static (body, _) => Task.FromResult(body.Contains("bad", StringComparison.Ordinal) ? ScriptedFunction.Failed("it is bad") : ScriptedFunction.Ok(body));
        await world.PublishManyAsync([("\"a\"", null), ("\"bad\"", "k"), ("\"b\"", null)]);

        world.Put(static spec => spec with { Batch = 10, Parallelism = 1, Retries = 1 });

        var letter = (await world.ReadAsync("s-dead", 1)).Single();
        StreamWorld.Text(letter).ShouldBe("\"bad\"");
        letter.Key.ShouldBe("k");
        letter.Properties.ShouldContain(static property => property.Key == "virga-cause-detail" && property.Value.Contains("it is bad"));
        letter.Properties.ShouldContain(static property => property.Key == "virga-topic" && property.Value == "persistent://default/default/in");
        await world.DoneAsync(3);
        var stats = await world.StatsAsync();
        stats.DeadLettered.ShouldBe(1);
        stats.Published.ShouldBe(2);
    }

    [Fact]
    public async Task Its_numbers_are_measured_by_its_name_until_it_is_deleted()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Function.Handler = static (body, _) => Task.FromResult(body.Contains("bad", StringComparison.Ordinal) ? ScriptedFunction.Failed("it is bad") : ScriptedFunction.Ok(body));
        await world.PublishManyAsync([("\"a\"", null), ("\"bad\"", null), ("\"b\"", null)]);
        world.Put(static spec => spec with { Retries = 0 }, "measured");
        await world.DoneAsync(3, "measured");

        Measured("received").ShouldBe(3);
        Measured("published").ShouldBe(2);
        Measured("failed").ShouldBe(1);
        Measured("dead.letters").ShouldBe(1);
        Measured("backlog").ShouldBe(0);
        Measured("in.flight").ShouldBe(0);

        world.Streams.Remove("measured");
        await StreamWorld.EventuallyAsync(static () => Task.FromResult(Measured("backlog") is null));
    }

    [Fact]
    public async Task While_the_function_has_no_room_its_messages_wait_and_no_try_is_counted()
    {
        await using var world = await StreamWorld.StartAsync();
        var tries = 0;
        world.Function.Handler = (body, _) => Task.FromResult(Interlocked.Increment(ref tries) <= 10 ? ScriptedFunction.Busy() : ScriptedFunction.Ok(body));
        await world.PublishAsync("a");

        world.Put(static spec => spec with { Retries = 0 });

        StreamWorld.Text((await world.ReadAsync("out", 1)).Single()).ShouldBe("a");
        (await world.StatsAsync()).Failed.ShouldBe(0);
    }

    [Fact]
    public async Task At_most_once_a_message_is_acknowledged_before_the_function_has_it()
    {
        await using var world = await StreamWorld.StartAsync();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Function.Handler = async (_, cancellation) =>
        {
            entered.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            return ScriptedFunction.Ok("never");
        };
        await world.PublishAsync("a");
        world.Put(static spec => spec with { Processing = StreamProcessing.AtMostOnce });
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30), StreamWorld.Cancellation);
        await world.DoneAsync(1);

        world.Function.Handler = static (body, _) => Task.FromResult(ScriptedFunction.Ok(body));
        await world.RestartEngineAsync();
        await world.PublishAsync("b");

        StreamWorld.Text((await world.ReadAsync("out", 1)).Single()).ShouldBe("b");
    }

    [Fact]
    public async Task A_stream_reads_topics_of_a_pattern_also_those_that_come_later()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Put(static spec => spec with { Inputs = [], Pattern = "in-.*" });
        await world.PublishAsync("a", topic: "in-one");
        await world.PublishAsync("b", topic: "in-two");
        await world.PublishAsync("c", topic: "other");

        (await world.ReadAsync("out", 2)).Select(StreamWorld.Text).ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Fact]
    public async Task Each_partition_has_a_lane_of_its_own()
    {
        await using var world = await StreamWorld.StartAsync();
        await world.Broker.CreateAsync(TopicName.Parse("in"), 3, StreamWorld.Cancellation);
        world.Put();
        await world.PublishManyAsync(Enumerable.Range(0, 60).Select(static i => ($"{i}", (string?)$"{i}")));

        (await world.ReadAsync("out", 60)).Select(StreamWorld.Text).ShouldBe(Enumerable.Range(0, 60).Select(static i => $"{i}"), ignoreOrder: true);
        (await world.StatsAsync()).Lanes.Select(static lane => lane.Topic).ShouldBe(Enumerable.Range(0, 3).Select(static i => $"persistent://default/default/in-partition-{i}"));
    }

    [Fact]
    public async Task A_stream_that_is_made_again_goes_on_where_it_stopped()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Put();
        await world.PublishAsync("a");
        await world.DoneAsync(1);
        world.Streams.Remove("s");
        await world.PublishAsync("b");

        world.Put();
        await world.DoneAsync(1);

        (await world.ReadAllAsync("out")).Select(StreamWorld.Text).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_window_is_one_call_and_closes_when_no_message_comes()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Function.Handler = static (body, _) =>
        {
            using var window = JsonDocument.Parse(body);
            var sum = window.RootElement.GetProperty("messages").EnumerateArray().Sum(static message => message.GetProperty("value").GetInt32());
            return Task.FromResult(ScriptedFunction.Ok(sum.ToString(CultureInfo.InvariantCulture)));
        };
        world.Put(static spec => spec with { Window = new StreamWindow { Gap = Milliseconds(40), Idle = Milliseconds(5) } });
        await world.PublishManyAsync([("1", "a"), ("2", "b"), ("3", "a")]);

        var published = await world.ReadAsync("out", 2);

        published.Select(static message => (message.Key, StreamWorld.Text(message))).ShouldBe([("a", "4"), ("b", "2")], ignoreOrder: true);
        await world.DoneAsync(3);
    }

    [Theory]
    [InlineData(StreamProcessing.AtMostOnce)]
    [InlineData(StreamProcessing.AtLeastOnce)]
    public async Task An_entry_that_cannot_be_taken_apart_goes_to_the_dead_letters_as_it_is(StreamProcessing processing)
    {
        await using var world = await StreamWorld.StartAsync();
        var topic = await world.Broker.GetAsync(TopicName.Parse("in"), TopicCreation.Always, StreamWorld.Cancellation);
        await using var producer = new RawProducer(topic);

        // A batch whose payload is none.
        await producer.PublishAsync(MessageWriter.WriteBatch([new OutgoingMessage { Payload = new byte[100] }], "raw", 0, DateTimeOffset.UnixEpoch)[..^60]);
        await world.PublishAsync("a");

        world.Put(spec => spec with { Processing = processing });

        (await world.ReadAsync("out", 1)).Select(StreamWorld.Text).ShouldBe(["a"]);
        (await world.ReadAsync("s-dead", 1)).Single().Properties.ShouldContain(static property => property.Key == "virga-cause" && property.Value == "malformed");
        await world.DoneAsync(1);
    }

    [Fact]
    public async Task Batches_are_acknowledged_with_what_is_done_of_them()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Put(static spec => spec with { Window = new StreamWindow { Count = 3, PerKey = false }, Processing = StreamProcessing.EffectivelyOnce });
        await world.PublishManyAsync(Enumerable.Range(0, 5).Select(static i => ($"{i}", (string?)null)));
        await StreamWorld.EventuallyAsync(async () => await world.StatsAsync() is { Published: 1 });
        await world.RestartEngineAsync();

        await world.PublishManyAsync([("5", null)]);

        (await world.ReadAsync("out", 2)).Select(static message => string.Concat(JsonDocument.Parse(message.Payload).RootElement.GetProperty("messages").EnumerateArray().Select(static one => one.GetProperty("value").ToString()))).ShouldBe(["012", "345"]);
        await world.DoneAsync(1);
    }

    private static Duration Milliseconds(int count) => new(TimeSpan.FromMilliseconds(count));

    // Other tests run engines at the same time: the name of the stream is its test's own.
    private static long? Measured(string instrument)
    {
        long? measured = null;
        using var listener = new MeterListener
        {
            InstrumentPublished = (published, listening) =>
        {
            if (published.Meter.Name == "Virga.Streams" && published.Name == $"virga.streams.{instrument}")
            {
                listening.EnableMeasurementEvents(published);
            }
        }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            if (tags[0].Value is "default/default/measured")
            {
                measured = value;
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return measured;
    }
}
