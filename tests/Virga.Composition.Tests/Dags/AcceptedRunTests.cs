using System.Buffers;
using Virga.Composition.Dags.Steps;
using Virga.Composition.Tests.Platform;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Sessions;

namespace Virga.Composition.Tests.Dags;

/// <summary>Runs over a real store.</summary>
public sealed class AcceptedRunTests : IAsyncLifetime
{
    private AskingFunctions _store = null!;

    public async ValueTask InitializeAsync() => _store = await AskingFunctions.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_run_whose_session_is_lost_starts_again_in_a_new_one_whatever_its_function_made_of_that()
    {
        var sessions = new List<StateSession>();
        await using var node = new LocalNode(_store.Engine);
        node.Dag("d", """{"consistency":"repeatable-read","nodes":[{"name":"a","function":"first"},{"name":"b","function":"reads"}],"edges":[{"from":"a","to":"b"}]}""");
        node.With("first", static body => body);
        node.With("reads", (body, invocation, _) =>
        {
            var session = (StateSession)invocation.Session!;
            sessions.Add(session);
            if (sessions.Count <= 2)
            {
                session.MarkLost();
            }

            // Once as a function that lets the error through, once as one that caught it.
            return ValueTask.FromResult(sessions.Count == 1 ? node.Answer("session-lost", status: 500) : node.Answer(body));
        });

        var (result, body) = await node.RunAsync("d", "5");

        result.Problem.ShouldBeNull();
        body.ShouldBe("5");
        sessions.Select(session => session.Id).Distinct().Count().ShouldBe(3);
        node.Open.ShouldBe(0);
    }

    [Fact]
    public async Task Runs_that_nobody_waits_for_take_their_turn_instead_of_filling_the_queues_of_functions()
    {
        var (running, most, ended) = (0, 0, 0);
        var enough = new SemaphoreSlim(0);
        await using var node = new LocalNode(_store.Engine);
        node.Dag("d", """{"nodes":[{"name":"a","function":"slow"}]}""");
        node.With("slow", async (body, _, _) =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await Task.Yield();
            Interlocked.Decrement(ref running);
            if (Interlocked.Increment(ref ended) == 300)
            {
                enough.Release();
            }

            return node.Answer(body);
        });

        for (var i = 0; i < 300; i++)
        {
            await AcceptAsync(node);
        }

        (await enough.WaitAsync(TimeSpan.FromSeconds(30), LocalNode.Cancellation)).ShouldBeTrue();
        most.ShouldBeInRange(1, 64);
    }

    [Fact]
    public async Task A_node_accepts_no_more_than_it_can_keep_and_accepts_again_when_runs_have_ended()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var node = new LocalNode(_store.Engine);
        node.Dag("d", """{"nodes":[{"name":"a","function":"waits"}]}""");
        node.With("waits", async (body, _, cancellation) =>
        {
            await go.Task.WaitAsync(cancellation);
            return node.Answer(body);
        });
        for (var i = 0; i < 10_000; i++)
        {
            await AcceptAsync(node);
        }

        var refused = (await Should.ThrowAsync<ProblemException>(() => AcceptAsync(node))).Problem;
        refused.Slug.ShouldBe("too-many-calls");
        refused.RetryAfter.ShouldNotBeNull();
        go.SetResult();
        var deadline = TimeProvider.System.GetTimestamp() + (30 * TimeProvider.System.TimestampFrequency);
        while (true)
        {
            try
            {
                await AcceptAsync(node);
                break;
            }
            catch (ProblemException) when (TimeProvider.System.GetTimestamp() < deadline)
            {
                await Task.Yield();
            }
        }
    }

    private static async Task AcceptAsync(LocalNode node)
    {
        var input = StepValue.Copied(new ReadOnlySequence<byte>("1"u8.ToArray()), null);
        await node.Engine.Accepted!.AcceptAsync(node.Engine.Catalog.Find(TestDags.Name("d"))!, InvocationId.New(TimeProvider.System), input, LocalNode.Cancellation);
        await input.ReleaseAsync();
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
