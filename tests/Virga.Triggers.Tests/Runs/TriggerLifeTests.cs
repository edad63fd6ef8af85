using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Virga.Core.Resources;
using static Virga.Triggers.Tests.Runs.ScriptedFunctions;

namespace Virga.Triggers.Tests.Runs;

/// <summary>How many calls there are, and what remains when a trigger or its node ends.</summary>
public sealed class TriggerLifeTests : IAsyncLifetime
{
    private TriggerWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await TriggerWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(3, 16, 3)]
    [InlineData(null, 5, 5)]
    public async Task A_backlog_has_as_many_calls_at_a_time_as_are_allowed(int? concurrency, int places, int expected)
    {
        _world.Functions.Places = places;
        var (running, most, gate) = (0, 0, new SemaphoreSlim(0));
        _world.Functions.Handler = async (_, cancellation) =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await gate.WaitAsync(cancellation);
            Interlocked.Decrement(ref running);
            return Ok("1");
        };
        await _world.PublishAllAsync(Enumerable.Range(0, 60).Select(static n => ($"{n}", (string?)null)));
        _world.Put(change: spec => spec with { Concurrency = concurrency });
        for (var round = 0; round < 60; round++)
        {
            var ended = round;
            await TriggerWorld.EventuallyAsync(() => _world.Engine.FiguresOf(TestTriggers.Name("handle")) is { } figures && figures.Calls == ended && Volatile.Read(ref running) == Math.Min(figures.Concurrency, 60 - ended));
            gate.Release();
        }

        await _world.DoneAsync(60);
        most.ShouldBe(expected);
    }

    [Fact]
    public async Task Its_numbers_are_measured_by_its_name_until_it_is_deleted()
    {
        _world.Functions.Handler = static (call, _) => Task.FromResult(call.Body.Contains("bad", StringComparison.Ordinal) ? Failed("it is bad") : Ok("1"));
        _world.Put(name: "measured");
        await _world.PublishAllAsync([("good", null), ("bad", null), ("good", null)]);
        await _world.DoneAsync(3, "measured");

        Measured("handled").ShouldBe(2);
        Measured("failed").ShouldBe(3);
        Measured("dead.letters").ShouldBe(1);
        Measured("in.flight").ShouldBe(0);
        await TriggerWorld.EventuallyAsync(static () => Measured("backlog") == 0);

        _world.Triggers.Remove("measured");
        await TriggerWorld.EventuallyAsync(static () => Measured("backlog") is null);
    }

    [Fact]
    public async Task A_trigger_that_ends_lets_its_calls_finish_and_the_next_one_goes_on_behind_them()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Functions.Handler = async (call, _) =>
        {
            await gate.Task;
            return Ok("1");
        };
        await _world.PublishAllAsync(Enumerable.Range(0, 10).Select(static n => ($"{n}", (string?)null)));
        _world.Put(change: static spec => spec with { Concurrency = 1 });
        await TriggerWorld.EventuallyAsync(() => _world.Functions.Calls.Count == 1);
        var restarting = _world.RestartEngineAsync();
        gate.SetResult();
        await restarting;
        await _world.DoneAsync(9);

        // Nothing was lost, and what was finished was acknowledged.
        _world.Functions.Calls.Select(static call => call.Body).Order().ShouldBe(Enumerable.Range(0, 10).Select(static n => $"{n}").Order());
    }

    [Fact]
    public async Task Calls_that_do_not_end_in_time_are_broken_off_and_their_messages_come_again()
    {
        var hangs = true;
        _world.Functions.Handler = async (_, cancellation) =>
        {
            if (hangs)
            {
                await new TaskCompletionSource().Task.WaitAsync(cancellation);
            }

            return Ok("1");
        };
        _world.Put(change: static spec => spec with { Retry = spec.Retry with { Attempts = 1 } });
        await _world.PublishAsync("1");
        await TriggerWorld.EventuallyAsync(() => _world.Functions.Calls.Count == 1);
        await _world.Engine.StopAsync(TimeSpan.FromMilliseconds(50));
        hangs = false;
        await _world.RestartEngineAsync();
        await _world.DoneAsync(1);

        _world.Functions.Calls.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_changed_trigger_takes_over_what_its_predecessor_had_not_handled()
    {
        _world.Functions.Handler = static (_, _) => Task.FromResult(Failed("old"));
        _world.Put(change: static spec => spec with { Retry = new TriggerRetry { Attempts = 1000, Backoff = new TriggerBackoff { Initial = Duration.FromSeconds(600), Max = Duration.FromSeconds(600) } } });
        await _world.PublishAllAsync(Enumerable.Range(0, 5).Select(static n => ($"{n}", (string?)null)));
        await TriggerWorld.EventuallyAsync(() => _world.Engine.FiguresOf(TestTriggers.Name("handle")) is { Failures: 5 });
        _world.Functions.Handler = static (_, _) => Task.FromResult(Ok("1"));
        _world.Put();
        await _world.DoneAsync(5);

        _world.Functions.Calls.Count.ShouldBe(10);
    }

    [Fact]
    public async Task A_trigger_that_is_deleted_and_made_again_goes_on_where_it_was()
    {
        _world.Put();
        await _world.PublishAsync("1");
        await _world.DoneAsync(1);
        _world.Triggers.Remove("handle");
        await TriggerWorld.EventuallyAsync(() => _world.Engine.FiguresOf(TestTriggers.Name("handle")) is null);
        await _world.PublishAsync("2");
        _world.Put();
        await _world.DoneAsync(1);

        _world.Functions.Calls.Select(static call => call.Body).ShouldBe(["1", "2"]);
    }

    [Fact]
    public async Task Two_triggers_of_one_topic_each_get_every_message()
    {
        var seen = new ConcurrentQueue<string>();
        _world.Functions.Handler = (call, _) =>
        {
            seen.Enqueue(call.Body);
            return Task.FromResult(Ok("1"));
        };
        _world.Put(name: "one");
        _world.Put(name: "other");
        await _world.PublishAsync("1");
        await _world.DoneAsync(1, "one");
        await _world.DoneAsync(1, "other");

        seen.ShouldBe(["1", "1"]);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    // Other tests run engines at the same time: the name of the trigger is this test's own.
    private static long? Measured(string instrument)
    {
        long? measured = null;
        using var listener = new MeterListener
        {
            InstrumentPublished = (published, listening) =>
        {
            if (published.Meter.Name == "Virga.Triggers" && published.Name == $"virga.triggers.{instrument}")
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
