using System.Collections.Concurrent;
using System.Globalization;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Triggers.Runs;
using static Virga.Triggers.Tests.Runs.ScriptedFunctions;

namespace Virga.Triggers.Tests.Runs;

/// <summary>What becomes of messages when something fails.</summary>
public sealed class TriggerFailureTests : IAsyncLifetime
{
    private TriggerWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await TriggerWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_message_at_which_the_function_fails_comes_again()
    {
        _world.Functions.Handler = static (call, _) => Task.FromResult(call.Attempt < 3 ? Failed("not yet") : Ok("1"));
        _world.Put();
        await _world.PublishAsync("1");
        await _world.DoneAsync(1);

        _world.Functions.Calls.Select(static call => call.Attempt).ShouldBe([1, 2, 3]);
        var figures = _world.Figures();
        (figures.Handled, figures.Failures, figures.DeadLetters).ShouldBe((1, 2, 0));
        figures.LastFailure!.ShouldContain("not yet");
    }

    [Fact]
    public async Task A_message_that_fails_too_often_becomes_a_dead_letter_with_its_cause()
    {
        _world.Functions.Handler = static (call, _) => Task.FromResult(call.Body == "2" ? Failed("boom") : Ok("1"));
        _world.Put();
        await _world.PublishAsync("1");
        var id = await _world.PublishAsync("2", "ann", "orders", new KeyValuePair<string, string>("source", "web"));
        await _world.DoneAsync(2);

        var letter = (await _world.ReadAsync("orders-handle-DLQ", 1)).Single();
        letter.Key.ShouldBe("ann");
        System.Text.Encoding.UTF8.GetString(letter.Payload.Span).ShouldBe("2");
        var properties = letter.Properties.ToDictionary(StringComparer.Ordinal);
        properties["source"].ShouldBe("web");
        properties["REAL_TOPIC"].ShouldBe("persistent://default/default/orders");
        properties["ORIGIN_MESSAGE_ID"].ShouldBe(id.ToString());
        properties["virga-cause"].ShouldBe("function-error");
        properties["virga-cause-detail"].ShouldBe("Error: boom");
        properties["virga-attempts"].ShouldBe("3");
        _world.Functions.Calls.Count(static call => call.Body == "2").ShouldBe(3);
    }

    [Fact]
    public async Task A_status_of_400_or_more_is_a_failure_that_tells_why()
    {
        _world.Functions.Handler = static (_, _) => Task.FromResult(Status(422, "no such thing"));
        _world.Put(change: static spec => spec with { DeadLetter = "dead", Retry = spec.Retry with { Attempts = 1 } });
        await _world.PublishAsync("1");

        var properties = (await _world.ReadAsync("dead", 1)).Single().Properties.ToDictionary(StringComparer.Ordinal);
        properties["virga-cause-detail"].ShouldContain("The function answered 422: no such thing");
    }

    [Theory]
    [InlineData(TopicSharing.KeyShared, 1)]
    [InlineData(TopicSharing.KeyShared, 7)]
    [InlineData(TopicSharing.Exclusive, 1)]
    [InlineData(TopicSharing.Failover, 5)]
    public async Task Order_holds_whatever_fails(TopicSharing type, int batch)
    {
        const int seed = 11;
        var random = new Random(seed);
        var handled = new ConcurrentDictionary<string, ConcurrentQueue<int>>(StringComparer.Ordinal);
        var running = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        _world.Functions.Handler = async (call, _) =>
        {
            var list = batch == 1 ? [(Key: call.Headers["virga-message-key"], Value: int.Parse(call.Body, CultureInfo.InvariantCulture))]
                : call.Json.EnumerateArray().Select(static one => (Key: one.GetProperty("key").GetString()!, Value: one.GetProperty("value").GetInt32())).ToArray();
            var lanes = list.Select(one => type == TopicSharing.KeyShared ? one.Key : "all").Distinct().ToList();
            lanes.ForEach(lane => running.AddOrUpdate(lane, 1, static (_, count) => count + 1).ShouldBe(1));
            await Task.Yield();
            int fate;
            lock (random)
            {
                fate = random.Next(4);
            }

            var failed = new HashSet<int>();
            for (var i = 0; i < list.Length; i++)
            {
                if (fate == 0 || (fate == 1 && batch > 1 && i == list.Length / 2))
                {
                    failed.Add(i);
                }
                else
                {
                    handled.GetOrAdd(list[i].Key, static _ => new()).Enqueue(list[i].Value);
                }
            }

            lanes.ForEach(lane => running.AddOrUpdate(lane, 0, static (_, count) => count - 1));
            return fate == 0 ? Failed("random") : Ok($"{{\"failed\":[{string.Join(',', failed)}]}}");
        };
        await _world.PublishAllAsync(Enumerable.Range(0, 120).Select(static n => ($"{n}", (string?)$"k{n % 5}")));
        _world.Put(type, spec => spec with { Batch = new TriggerBatch { MaxMessages = batch }, Retry = spec.Retry with { Attempts = 1000 } });
        await _world.DoneAsync(120);

        _world.Figures().DeadLetters.ShouldBe(0);
        foreach (var (key, values) in handled)
        {
            // A message behind a failed one is handled again: the last time that each was handled is in order.
            var last = new List<int>();
            foreach (var value in values)
            {
                last.RemoveAll(other => other >= value);
                last.Add(value);
            }

            last.ShouldBe(Enumerable.Range(0, 120).Where(n => $"k{n % 5}" == key), $"seed {seed}, key {key}");
        }
    }

    [Fact]
    public async Task A_failing_message_keeps_its_key_waiting_and_no_other()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new ConcurrentQueue<string>();
        _world.Functions.Handler = async (call, _) =>
        {
            if (call.Body == "1" && call.Attempt < 3)
            {
                return Failed("blocked");
            }

            if (call.Body == "1")
            {
                await gate.Task;
            }

            done.Enqueue(call.Body);
            return Ok("1");
        };
        await _world.PublishAsync("1", "a");
        await _world.PublishAsync("2", "a");
        await _world.PublishAsync("3", "b");
        _world.Put(TopicSharing.KeyShared);
        await TriggerWorld.EventuallyAsync(() => done.Contains("3") && _world.Functions.Calls.Count(static call => call.Body == "1") == 3);

        _world.Functions.Calls.ShouldNotContain(static call => call.Body == "2");
        gate.SetResult();
        await _world.DoneAsync(3);
        done.ShouldBe(["3", "1", "2"]);
    }

    [Fact]
    public async Task A_batch_that_fails_as_a_whole_is_tried_message_by_message()
    {
        _world.Functions.Handler = static (call, _) => Task.FromResult(call.Json.EnumerateArray().Any(static one => one.GetProperty("value").GetInt32() == 3) ? Failed("poison") : Ok("{}"));
        await _world.PublishAllAsync(Enumerable.Range(0, 6).Select(static n => ($"{n}", (string?)null)));
        _world.Put(change: static spec => spec with { Batch = new TriggerBatch { MaxMessages = 10 }, Retry = spec.Retry with { Attempts = 2 } });
        await _world.DoneAsync(6);

        var letters = await _world.ReadAsync("orders-handle-DLQ", 1);
        System.Text.Encoding.UTF8.GetString(letters.Single().Payload.Span).ShouldBe("3");
        (_world.Figures().Handled, _world.Figures().DeadLetters).ShouldBe((5, 1));
        _world.Functions.Calls.Count(static call => call.Json.GetArrayLength() == 1 && call.Json[0].GetProperty("value").GetInt32() == 3).ShouldBe(2);
    }

    [Fact]
    public async Task What_the_pools_refuse_is_held_and_counts_as_no_attempt()
    {
        var refusals = 0;
        _world.Functions.Handler = (_, _) => Task.FromResult(Interlocked.Increment(ref refusals) <= 3
            ? Refused(refusals % 2 == 0 ? KnownProblems.TooManyCalls("full") : KnownProblems.Unavailable("no memory", "wait"))
            : Ok("1"));
        await _world.PublishAllAsync(Enumerable.Range(0, 20).Select(static n => ($"{n}", (string?)null)));
        _world.Put(change: static spec => spec with { Retry = spec.Retry with { Attempts = 1 } });
        await TriggerWorld.EventuallyAsync(() => _world.Engine.FiguresOf(TestTriggers.Name("handle")) is { State: TriggerState.Held } || refusals > 3);
        await _world.DoneAsync(20);

        _world.Functions.Calls.ShouldAllBe(static call => call.Attempt == 1);
        var figures = _world.Figures();
        (figures.Handled, figures.Failures, figures.DeadLetters, figures.State).ShouldBe((20, 0, 0, TriggerState.Running));
        figures.Rejections.ShouldBe(3);
    }

    [Fact]
    public async Task A_timeout_without_an_instance_is_no_failure_of_the_function()
    {
        var calls = 0;
        _world.Functions.Handler = (_, _) => Task.FromResult(Interlocked.Increment(ref calls) == 1 ? Refused(KnownProblems.Timeout("no free instance")) : Ok("1"));
        _world.Put(change: static spec => spec with { Retry = spec.Retry with { Attempts = 1 } });
        await _world.PublishAsync("1");
        await _world.DoneAsync(1);

        (_world.Figures().Handled, _world.Figures().Rejections).ShouldBe((1, 1));
    }

    [Fact]
    public async Task A_function_that_is_gone_is_waited_for()
    {
        _world.Functions.Exists = false;
        _world.Put();
        await _world.PublishAsync("1");
        await TriggerWorld.EventuallyAsync(() => _world.Engine.FiguresOf(TestTriggers.Name("handle")) is { State: TriggerState.Held });
        _world.Figures().Problem!.ShouldContain("no function 'handle'");
        _world.Functions.Exists = true;
        await _world.DoneAsync(1);

        _world.Functions.Calls.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_time_that_a_call_may_take_is_its_deadline()
    {
        _world.Put(change: static spec => spec with { AckTimeout = Duration.FromSeconds(7) });
        await _world.PublishAsync("1");
        await _world.DoneAsync(1);

        var invocation = _world.Functions.Calls.Single().Invocation;
        TimeProvider.System.GetElapsedTime(invocation.ReceivedAt, invocation.Deadline).TotalSeconds.ShouldBe(7, 0.01);
    }

    [Fact]
    public async Task A_function_that_cannot_be_looked_up_holds_messages_until_it_can()
    {
        _world.Functions.Unreadable = new InvalidOperationException("The resources are away.");
        await _world.PublishAsync("1");
        _world.Put();
        await TriggerWorld.EventuallyAsync(() => _world.Engine.FiguresOf(TestTriggers.Name("handle")) is { Rejections: > 0 });

        _world.Functions.Unreadable = null;

        await _world.DoneAsync(1);
    }
}
