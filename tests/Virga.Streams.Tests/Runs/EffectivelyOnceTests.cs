using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Resources;
using Virga.Streams.Lanes;

namespace Virga.Streams.Tests.Runs;

/// <summary>However often and whenever the engine is broken off, the output topic has each answer once and in order.</summary>
public sealed class EffectivelyOnceTests
{
    [Fact]
    public async Task Each_message_is_answered_once_however_often_the_engine_is_broken_off()
    {
        await using var world = await StreamWorld.StartAsync();
        var random = new Random(11);
        world.Function.Handler = (body, cancellation) => AnswerAsync(random, body, cancellation);
        world.Put(static spec => spec with { Processing = StreamProcessing.EffectivelyOnce, Parallelism = 8 });
        for (var round = 0; round < 8; round++)
        {
            var first = round * 50;
            await world.PublishManyAsync(Enumerable.Range(first, 50).Select(static i => ($"{i}", (string?)$"k{i % 5}")));
            await StreamWorld.EventuallyAsync(async () => (await world.StatsAsync()).Received > 10 + (random.Next(20) / 10));
            await world.RestartEngineAsync();
        }

        await StreamWorld.EventuallyAsync(async () => (await world.StatsAsync()).Lanes is [{ State: LaneState.Running, Backlog: 0 }]);

        (await world.ReadAllAsync("out")).Select(StreamWorld.Text).ShouldBe(Enumerable.Range(0, 400).Select(static i => $"{i}"));
    }

    [Fact]
    public async Task Each_message_is_in_one_window_however_often_the_engine_is_broken_off()
    {
        await using var world = await StreamWorld.StartAsync();
        var random = new Random(12);
        world.Function.Handler = async (body, cancellation) =>
        {
            using var window = JsonDocument.Parse(body);
            var values = window.RootElement.GetProperty("messages").EnumerateArray().Select(static message => message.GetProperty("value").GetInt32()).ToArray();
            return await AnswerAsync(random, $"[{string.Join(',', values)}]", cancellation);
        };
        world.Put(static spec => spec with { Processing = StreamProcessing.EffectivelyOnce, Window = new StreamWindow { Count = 7, Every = 7 } });
        for (var round = 0; round < 6; round++)
        {
            var first = round * 70;
            await world.PublishManyAsync(Enumerable.Range(first, 70).Select(static i => ($"{i}", (string?)null)));
            await StreamWorld.EventuallyAsync(async () => (await world.StatsAsync()).Received > 10);
            await world.RestartEngineAsync();
        }

        await StreamWorld.EventuallyAsync(async () => (await world.StatsAsync()).Lanes is [{ State: LaneState.Running, Backlog: 0 }]);

        (await world.ReadAllAsync("out")).Select(StreamWorld.Text).ShouldBe(Enumerable.Range(0, 60).Select(static i => $"[{string.Join(',', Enumerable.Range(i * 7, 7))}]"));
    }

    [Fact]
    public async Task A_stream_that_somebody_moved_back_publishes_again()
    {
        await using var world = await StreamWorld.StartAsync();
        world.Put(static spec => spec with { Processing = StreamProcessing.EffectivelyOnce });
        await world.PublishAsync("a");
        await world.DoneAsync(1);
        var topic = await world.Broker.GetAsync(Topics.Names.TopicName.Parse("in"), Topics.Brokers.TopicCreation.Never, StreamWorld.Cancellation);

        await topic.Find(Topics.Names.SubscriptionName.Parse("stream-s"))!.SeekAsync(new Topics.Messages.MessageId(Topics.Messages.Position.Earliest), StreamWorld.Cancellation);

        (await world.ReadAsync("out", 2)).Select(StreamWorld.Text).ShouldBe(["a", "a"]);
    }

    // Now and then a call takes long enough to be broken off with others behind it, or fails.
    private static async Task<InvocationResult> AnswerAsync(Random random, string answer, CancellationToken cancellation)
    {
        int chance;
        lock (random)
        {
            chance = random.Next(20);
        }

        if (chance == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellation);
        }

        return chance == 1 ? ScriptedFunction.Failed("now and then it fails") : ScriptedFunction.Ok(answer);
    }
}
