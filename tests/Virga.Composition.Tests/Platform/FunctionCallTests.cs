using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.State.Binary;
using static Virga.Composition.Tests.Platform.Requests;

namespace Virga.Composition.Tests.Platform;

/// <summary>Functions that call functions.</summary>
public sealed class FunctionCallTests : IAsyncLifetime
{
    private AskingFunctions _functions = null!;

    public async ValueTask InitializeAsync() => _functions = await AskingFunctions.StartAsync();

    public ValueTask DisposeAsync() => _functions.DisposeAsync();

    [Fact]
    public async Task A_call_takes_its_callers_session_deadline_and_namespace_with_it()
    {
        var caller = _functions.Call("shop", depth: 3, consistency: Core.Resources.Consistency.RepeatableRead, deadline: 12345);

        var (status, type, body) = Read(await _functions.AskAsync(caller, Call("other", "{\"$ref\":\"k\"}"u8.ToArray(), false, "k")));

        (status, type, body).ShouldBe((200, "application/json", "\"done\""));
        _functions.Invoked.TryDequeue(out var called).ShouldBeTrue();
        called.Function.Name.ToString().ShouldBe("default/shop/other");
        called.Trigger.ShouldBe(Trigger.Call);
        called.Session.ShouldBe(caller.Session);
        called.Deadline.ShouldBe(12345);
        called.Depth.ShouldBe(4);
        called.References.ShouldBe(["k"]);
        Encoding.UTF8.GetString(called.Body).ShouldBe("{\"$ref\":\"k\"}");
    }

    [Fact]
    public async Task A_large_argument_and_a_large_answer_are_streamed()
    {
        var argument = new byte[300_000];
        _functions.Handler = async (invocation, cancellation) =>
        {
            var read = await invocation.BodyStream!.ReadAtLeastAsync(argument.Length, cancellation);
            var length = read.Buffer.Length;
            invocation.BodyStream.AdvanceTo(read.Buffer.End);
            return new AskingFunctions.Answered(201, [], "text/plain", PipeReader.Create(new ReadOnlySequence<byte>(new byte[length * 2])));
        };

        var (status, type, body) = Read(await _functions.AskAsync(_functions.Call(), Call("other", argument)));

        (status, type, body.Length).ShouldBe((201, "text/plain", 600_000));
    }

    [Theory]
    [InlineData("missing", "not-found")]
    [InlineData("other:missing", "not-found")]
    [InlineData("No Name", "invalid-name")]
    [InlineData("", "invalid-name")]
    public async Task A_function_that_there_is_not_is_a_problem(string name, string slug)
    {
        (await FailureAsync(_functions.Call(), Call(name, null))).Slug.ShouldBe(slug);
        _functions.Invoked.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_goes_wrong_in_the_called_function_reaches_the_caller()
    {
        _functions.Handler = static (_, _) => Task.FromResult<InvocationResult>(new AskingFunctions.Answered(KnownProblems.FunctionError("TypeError", "x is not a function", null)));

        (await FailureAsync(_functions.Call(), Call("other", null))).Slug.ShouldBe("function-error");
    }

    [Fact]
    public async Task Functions_that_call_each_other_without_end_are_stopped()
    {
        await _functions.AskAsync(_functions.Call(depth: 15), Call("other", null));

        (await FailureAsync(_functions.Call(depth: 16), Call("other", null))).Slug.ShouldBe("call-too-deep");
        (await FailureAsync(_functions.Call(depth: 16), Call("other", null, detached: true))).Slug.ShouldBe("call-too-deep");
    }

    [Fact]
    public async Task An_answer_over_the_limit_is_a_problem()
    {
        _functions.Handler = static (_, _) => Task.FromResult<InvocationResult>(new AskingFunctions.Answered(200, [], null, PipeReader.Create(new ReadOnlySequence<byte>(new byte[(16 << 20) + 1]))));

        (await FailureAsync(_functions.Call(), Call("other", null))).Slug.ShouldBe("request-too-large");
    }

    [Fact]
    public async Task A_call_ends_with_its_caller_but_a_detached_one_goes_on()
    {
        var begun = new SemaphoreSlim(0);
        var go = new TaskCompletionSource();
        var ended = new TaskCompletionSource<bool>();
        _functions.Handler = async (_, cancellation) =>
        {
            begun.Release();
            await go.Task.WaitAsync(cancellation);
            ended.SetResult(true);
            return new AskingFunctions.Answered(200, []);
        };
        var caller = _functions.Call(deadline: 12345);
        using var attached = new CancellationTokenSource();
        using var detached = new CancellationTokenSource();
        var first = _functions.AskAsync(caller, Call("other", null), attached.Token);
        var second = _functions.AskAsync(caller, Call("other", null, detached: true), detached.Token);
        await begun.WaitAsync(TestContext.Current.CancellationToken);
        await begun.WaitAsync(TestContext.Current.CancellationToken);

        await attached.CancelAsync();
        await detached.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        await Should.ThrowAsync<OperationCanceledException>(() => second);
        go.SetResult();

        (await ended.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).ShouldBeTrue();
        _functions.Invoked.Select(i => i.Deadline).ShouldBe([12345, long.MaxValue]);
    }

    [Fact]
    public async Task Arguments_of_detached_calls_have_a_bound_in_each_namespace()
    {
        var go = new TaskCompletionSource();
        _functions.Handler = async (_, cancellation) =>
        {
            await go.Task.WaitAsync(cancellation);
            return new AskingFunctions.Answered(200, []);
        };
        var (one, two) = (_functions.Call("one"), _functions.Call("two"));
        using var gone = new CancellationTokenSource();
        var asked = Enumerable.Range(0, 4).Select(_ => _functions.AskAsync(one, Call("other", new byte[(16 << 20) - 100], detached: true), gone.Token)).ToList();
        await gone.CancelAsync();
        asked.ForEach(ask => Should.Throw<OperationCanceledException>(() => ask));

        (await FailureAsync(one, Call("other", new byte[16 << 20], detached: true))).Slug.ShouldBe("too-many-calls");
        var another = _functions.AskAsync(two, Call("other", new byte[16 << 20], detached: true));
        another.IsCompleted.ShouldBeFalse();
        go.SetResult();

        await another;
        Read(await _functions.AskAsync(one, Call("other", new byte[16 << 20], detached: true))).Status.ShouldBe(200);
    }

    private async Task<Problem> FailureAsync(Invocation call, Action<ArrayBufferWriter<byte>> request) =>
        (await Should.ThrowAsync<ProblemException>(() => _functions.AskAsync(call, request))).Problem;

    private static (int Status, string Type, string Body) Read(byte[] answer)
    {
        var reader = new ByteReader(answer);
        return ((int)reader.ReadVarint(), reader.ReadText(), Encoding.UTF8.GetString(reader.ReadBytes()));
    }
}
