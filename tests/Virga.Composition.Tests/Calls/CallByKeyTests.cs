using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Sessions;
using static Virga.Composition.Tests.Platform.Requests;

namespace Virga.Composition.Tests.Calls;

/// <summary>Functions that call functions with keys that another node has.</summary>
public sealed class CallByKeyTests : IAsyncLifetime
{
    private static readonly byte[] Argument = "{\"$ref\":\"k\"}"u8.ToArray();

    private TwoNodes _nodes = null!;

    public async ValueTask InitializeAsync() => _nodes = await TwoNodes.StartAsync();

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();

    [Fact]
    public async Task A_call_runs_on_the_node_that_has_its_keys()
    {
        await _nodes.There.PutAsync("k", "v");
        var deadline = TimeProvider.System.GetTimestamp() + (60 * TimeProvider.System.TimestampFrequency);

        (await _nodes.Here.AskAsync(_nodes.Here.Call(depth: 3, deadline: deadline), Call("other", Argument, false, "k"))).ShouldBe("there");

        _nodes.Here.Invoked.ShouldBeEmpty();
        var called = _nodes.There.Invoked.ShouldHaveSingleItem();
        (called.Function.Name.Name.Value, called.Trigger, called.Depth).ShouldBe(("other", Trigger.Call, 4));
        called.References.ShouldBe(["k"]);
        Encoding.UTF8.GetString(called.Body).ShouldBe(Encoding.UTF8.GetString(Argument));
        TimeProvider.System.GetElapsedTime(called.Deadline, deadline).Duration().ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_call_that_goes_on_without_its_caller_runs_there_as_well()
    {
        await _nodes.There.PutAsync("k", "v");

        (await _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", Argument, detached: true, "k"))).ShouldBe("there");
        _nodes.There.Invoked.ShouldHaveSingleItem().Deadline.ShouldBe(long.MaxValue);
    }

    [Fact]
    public async Task A_call_stays_where_it_is_when_its_keys_are_there_or_nowhere_or_its_argument_is_large()
    {
        await _nodes.There.PutAsync("k", "v");
        (await _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", null))).ShouldBe("here");
        (await _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", null, false, "nowhere"))).ShouldBe("here");
        (await _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", new byte[1 << 20], false, "k"))).ShouldBe("here");

        await _nodes.Here.ReadAsync("k");
        (await _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", Argument, false, "k"))).ShouldBe("here");
        _nodes.There.Invoked.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_goes_wrong_there_reaches_the_caller_and_is_not_tried_again()
    {
        await _nodes.There.PutAsync("k", "v");
        _nodes.Handler = static (_, _, _) => Task.FromResult<InvocationResult>(new Platform.AskingFunctions.Answered(KnownProblems.FunctionError("TypeError", "x is not a function", null)));

        var problem = (await Should.ThrowAsync<ProblemException>(() => _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", Argument, false, "k")))).Problem;

        (problem.Slug, problem.Fault).ShouldBe(("function-error", Fault.Function));
        problem.Detail!.ShouldContain("x is not a function");
        _nodes.There.Invoked.Count.ShouldBe(1);
        _nodes.Here.Invoked.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_version_that_has_not_come_there_yet_is_called_here()
    {
        await _nodes.There.PutAsync("k", "v");
        _nodes.There.KnowsVersions = false;

        (await _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", Argument, false, "k"))).ShouldBe("here");
    }

    [Fact]
    public async Task A_call_that_was_not_sent_is_made_here_and_one_that_may_have_run_is_a_problem()
    {
        await _nodes.There.PutAsync("k", "v");
        _nodes.Here.Fails = static node => new NodeUnreachableException(node, "it is not alive.") { IsUnsent = true };
        (await _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", Argument, false, "k"))).ShouldBe("here");

        _nodes.Here.Fails = static node => new NodeUnreachableException(node, "the connection broke.");
        var problem = (await Should.ThrowAsync<ProblemException>(() => _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", Argument, false, "k")))).Problem;

        problem.Slug.ShouldBe("call-lost");
        problem.Detail!.ShouldContain("'there'");
        _nodes.Here.Invoked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_caller_that_ends_ends_its_call_there()
    {
        await _nodes.There.PutAsync("k", "v");
        var begun = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        _nodes.Handler = async (_, _, cancellation) =>
        {
            begun.SetResult();
            await using var registration = cancellation.Register(ended.SetResult);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return TwoNodes.Answer("late");
        };
        using var leaving = new CancellationTokenSource();
        var asking = _nodes.Here.AskAsync(_nodes.Here.Call(), Call("other", Argument, false, "k"), leaving.Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20), TwoNodes.Cancellation);

        await leaving.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => asking);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20), TwoNodes.Cancellation);
    }

    [Theory]
    [InlineData(Consistency.Causal)]
    [InlineData(Consistency.RepeatableRead)]
    public async Task What_the_called_function_wrote_in_the_session_its_caller_reads(Consistency consistency)
    {
        await _nodes.There.PutAsync("k", "v");
        await _nodes.Here.ReadAsync("answer");
        _nodes.Handler = static async (node, invocation, _) =>
        {
            var session = invocation.Session.ShouldBeOfType<StateSession>();
            await node.PutAsync("answer", "written there", session);
            return TwoNodes.Answer(node.Name.Value);
        };
        var caller = _nodes.Here.Call(consistency);
        var session = caller.Session.ShouldBeOfType<StateSession>();

        (await _nodes.Here.AskAsync(caller, Call("other", Argument, false, "k"))).ShouldBe("there");

        (await _nodes.Here.ReadAsync("answer", session)).ShouldBe("written there");
        session.IsLost.ShouldBeFalse();
        _nodes.Here.Platform.CallEnded(caller);
    }

    [Fact]
    public async Task What_the_caller_has_read_it_and_the_called_function_go_on_reading()
    {
        await _nodes.There.PutAsync("k", "v");
        await _nodes.Here.PutAsync("pinned", "first");
        var caller = _nodes.Here.Call(Consistency.RepeatableRead);
        var session = caller.Session.ShouldBeOfType<StateSession>();
        (await _nodes.Here.ReadAsync("pinned", session)).ShouldBe("first");
        await _nodes.Here.PutAsync("pinned", "second");
        _nodes.Handler = static async (node, invocation, _) => TwoNodes.Answer((await node.ReadAsync("pinned", (StateSession)invocation.Session!))!);

        (await _nodes.Here.AskAsync(caller, Call("other", Argument, false, "k"))).ShouldBe("first");

        (await _nodes.Here.ReadAsync("pinned", session)).ShouldBe("first");
        _nodes.There.Invoked.Count.ShouldBe(1);
        _nodes.Here.Platform.CallEnded(caller);
        _nodes.Here.Engine.KeptSessions.ShouldBe(0);
    }
}
