using System.Globalization;
using Virga.Composition.Dags.Runs;
using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Composition.Tests.Dags;

public sealed class LocalRunTests
{
    private const string Chain = """{"nodes":[{"name":"g","function":"double"},{"name":"f","function":"increment"}],"edges":[{"from":"g","to":"f"}]}""";

    private const string Diamond =
        """{"nodes":[{"name":"a","function":"same"},{"name":"b","function":"double"},{"name":"c","function":"increment"},{"name":"d","function":"same"}],"edges":[{"from":"a","to":"b"},{"from":"a","to":"c"},{"from":"b","to":"d"},{"from":"c","to":"d","as":"plusOne"}]}""";

    [Fact]
    public async Task A_result_is_the_next_functions_body()
    {
        await using var node = Numbers().Dag("d", Chain);

        var (result, body) = await node.RunAsync("d", "5");

        body.ShouldBe("11");
        result.Problem.ShouldBeNull();
        result.Headers!.ShouldContain(header => header.Key == "Virga-Dag-Run" && InvocationId(header.Value));
        node.Open.ShouldBe(0);
    }

    [Fact]
    public async Task Several_inputs_are_an_object_by_name()
    {
        await using var node = Numbers().Dag("d", Diamond);

        (await node.RunAsync("d", "5")).Body.ShouldBe("""{"b":10,"plusOne":6}""");
        node.Open.ShouldBe(0);
    }

    [Fact]
    public async Task Steps_that_do_not_need_each_other_run_at_the_same_time()
    {
        var both = new Barrier(2);
        await using var node = Numbers().Dag("d", Diamond);
        node.With("double", Meet).With("increment", Meet);

        (await node.RunAsync("d", "5")).Body.ShouldBe("""{"b":"met","plusOne":"met"}""");

        async ValueTask<InvocationResult> Meet(string body, Invocation invocation, CancellationToken cancellation)
        {
            await Task.Run(() => both.SignalAndWait(cancellation), cancellation);
            return node.Answer("\"met\"");
        }
    }

    [Fact]
    public async Task Of_several_ends_each_result_is_in_the_output_by_name()
    {
        await using var node = Numbers().Dag("d", """{"nodes":[{"name":"x","function":"double"},{"name":"y","function":"increment"}]}""");

        (await node.RunAsync("d", "1")).Body.ShouldBe("""{"x":2,"y":2}""");
    }

    [Theory]
    [InlineData("1", """{"small":2}""")]
    [InlineData("100", """{"large":100}""")]
    public async Task An_edge_whose_condition_does_not_hold_skips_what_follows(string input, string output)
    {
        await using var node = Numbers().Dag("d", """{"nodes":[{"name":"a","function":"same"},{"name":"small","function":"double"},{"name":"large","function":"same"}],"edges":[{"from":"a","to":"small","when":{"path":"$","less":10}},{"from":"a","to":"large","when":{"path":"$","atLeast":10}}]}""");

        (await node.RunAsync("d", input)).Body.ShouldBe(output);
    }

    [Fact]
    public async Task A_fan_in_waits_for_those_that_were_not_skipped()
    {
        await using var node = Numbers().Dag("d", Diamond.Replace("""{"from":"a","to":"b"}""", """{"from":"a","to":"b","when":{"path":"$","greater":1000}}""", StringComparison.Ordinal));

        (await node.RunAsync("d", "5")).Body.ShouldBe("""{"plusOne":6}""");
    }

    [Fact]
    public async Task An_output_that_was_skipped_is_null()
    {
        await using var node = Numbers().Dag("d", """{"nodes":[{"name":"a","function":"same"},{"name":"b","function":"same"}],"edges":[{"from":"a","to":"b","when":{"path":"$.x","exists":true}}]}""");

        (await node.RunAsync("d", "{}")).Body.ShouldBe("null");
        node.Engine.Book.RunsOf(TestDags.Name("d"))[0].Steps[1].Status.ShouldBe(StepStatus.Skipped);
    }

    [Fact]
    public async Task A_node_whose_own_condition_does_not_hold_is_skipped()
    {
        await using var node = Numbers().Dag("d", """{"nodes":[{"name":"a","function":"same","when":{"path":"$","less":3}}]}""");

        (await node.RunAsync("d", "2")).Body.ShouldBe("2");
        (await node.RunAsync("d", "3")).Body.ShouldBe("null");
    }

    [Fact]
    public async Task References_come_with_the_input_and_are_named_to_the_worker()
    {
        IReadOnlyList<string> references = [];
        await using var node = Numbers().With("f", (body, invocation, _) =>
        {
            references = invocation.References;
            return ValueTask.FromResult<InvocationResult>(new ScriptedResult(body));
        }).Dag("d", """{"nodes":[{"name":"a","function":"f","references":{"weights":"model/\"7\""}}]}""");

        (await node.RunAsync("d", "1")).Body.ShouldBe("""{"input":1,"weights":{"$ref":"model/\"7\""}}""");
        references.ShouldBe(["model/\"7\""]);
    }

    [Fact]
    public async Task Text_and_bytes_go_on_as_they_are_and_text_among_several_inputs_becomes_a_json_string()
    {
        string headers = "";
        await using var node = Numbers()
            .With("text", (_, _, _) => ValueTask.FromResult<InvocationResult>(new ScriptedResult("say \"hi\"", contentType: "text/plain; charset=utf-8")))
            .With("see", (body, invocation, _) =>
            {
                headers = LocalNode.HeadersOf(invocation);
                return ValueTask.FromResult<InvocationResult>(new ScriptedResult(body));
            })
            .Dag("one", """{"nodes":[{"name":"a","function":"text"},{"name":"b","function":"see"}],"edges":[{"from":"a","to":"b"}]}""")
            .Dag("two", """{"nodes":[{"name":"a","function":"text"},{"name":"b","function":"same"},{"name":"c","function":"see"}],"edges":[{"from":"a","to":"c"},{"from":"b","to":"c"}]}""");

        (await node.RunAsync("one", "1")).Body.ShouldBe("say \"hi\"");
        headers.ShouldContain("text/plain");
        (await node.RunAsync("two", "1")).Body.ShouldBe("""{"a":"say \"hi\"","b":1}""");
        headers.ShouldContain("application/json");
    }

    [Fact]
    public async Task Bodies_beyond_what_goes_inline_are_streamed_and_come_whole()
    {
        var large = "\"" + new string('x', 3 << 20) + "\"";
        await using var node = Numbers().Dag("d", Diamond).With("double", body => body).With("increment", body => body);

        var (result, body) = await node.RunAsync("d", large);

        result.Problem.ShouldBeNull();
        body.ShouldBe($$"""{"b":{{large}},"plusOne":{{large}}}""");
        node.Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_step_that_fails_is_called_again_as_often_as_it_says()
    {
        var attempts = new List<int>();
        await using var node = Numbers().With("flaky", (_, invocation, _) =>
        {
            attempts.Add(invocation.Attempt);
            return ValueTask.FromResult<InvocationResult>(attempts.Count < 3 ? new ScriptedResult(KnownProblems.FunctionError("Error", "not yet", null)) : new ScriptedResult("1"));
        }).Dag("d", """{"nodes":[{"name":"a","function":"flaky","retries":2}]}""");

        (await node.RunAsync("d", "0")).Body.ShouldBe("1");
        attempts.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task A_step_that_fails_for_good_fails_the_run_and_is_named()
    {
        await using var node = Numbers().With("broken", (_, _, _) => ValueTask.FromResult<InvocationResult>(new ScriptedResult(KnownProblems.FunctionError("TypeError", "no such thing", null))))
            .Dag("d", """{"nodes":[{"name":"good","function":"same"},{"name":"bad","function":"broken"},{"name":"after","function":"same"}],"edges":[{"from":"good","to":"bad"},{"from":"bad","to":"after"}]}""");

        var (result, _) = await node.RunAsync("d", "1");

        result.Problem!.Slug.ShouldBe("dag-step-failed");
        result.Problem!.Status.ShouldBe(500);
        result.Problem!.Detail!.ShouldBe("The step 'bad' (function 'broken') failed: TypeError: no such thing");
        result.Problem!.Extensions!["cause"].ShouldBe("function-error");
        var invocation = result.Problem!.Extensions!["invocation"].ShouldBeOfType<string>();
        InvocationId(invocation).ShouldBeTrue();
        result.Problem!.Fix.ShouldBe($"See `virga fn logs broken --invocation {invocation}`.");
        var run = node.Engine.Book.RunsOf(TestDags.Name("d"))[0];
        run.Status.ShouldBe(RunStatus.Failed);
        run.Steps.Select(step => step.Status).ShouldBe([StepStatus.Succeeded, StepStatus.Failed, StepStatus.Waiting]);
        node.Open.ShouldBe(0);
    }

    [Fact]
    public async Task An_answer_that_is_an_error_by_its_status_is_a_failure()
    {
        await using var node = Numbers().With("refuses", (_, _, _) => ValueTask.FromResult<InvocationResult>(new ScriptedResult("too short", status: 404)))
            .Dag("d", """{"nodes":[{"name":"a","function":"refuses","retries":5}]}""");

        var (result, _) = await node.RunAsync("d", "1");

        result.Problem!.Status.ShouldBe(404);
        result.Problem!.Detail!.ShouldContain("status 404: too short");
    }

    [Fact]
    public async Task A_function_that_was_deleted_fails_the_run_and_is_named()
    {
        await using var node = Numbers().Dag("d", Chain);
        node.Without("increment");

        var (result, _) = await node.RunAsync("d", "1");

        result.Problem!.Status.ShouldBe(404);
        result.Problem!.Detail!.ShouldContain("no function 'increment'");
    }

    [Fact]
    public async Task A_condition_on_what_is_no_json_fails_the_run()
    {
        await using var node = Numbers().With("html", (_, _, _) => ValueTask.FromResult<InvocationResult>(new ScriptedResult("<p>", contentType: "text/html")))
            .Dag("d", """{"nodes":[{"name":"a","function":"html"},{"name":"b","function":"same"}],"edges":[{"from":"a","to":"b","when":{"path":"$.x","equals":1}}]}""");

        (await node.RunAsync("d", "1")).Result.Problem!.Detail!.ShouldContain("text/html");
    }

    [Fact]
    public async Task A_run_that_takes_too_long_is_ended_and_says_what_it_lacks()
    {
        await using var node = Numbers().With("hangs", Hang).Dag("d", """{"timeout":"50ms","nodes":[{"name":"a","function":"same"},{"name":"slow","function":"hangs"}],"edges":[{"from":"a","to":"slow"}]}""");

        var (result, _) = await node.RunAsync("d", "1");

        result.Problem!.Status.ShouldBe(504);
        result.Problem!.Detail!.ShouldContain("slow");
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_the_steps_that_run()
    {
        using var client = new CancellationTokenSource();
        var hangs = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        await using var node = Numbers().With("hangs", async (_, _, cancellation) =>
        {
            await using var registration = cancellation.Register(() => cancelled.TrySetResult());
            hangs.SetResult();
            await cancelled.Task;
            return new ScriptedResult(KnownProblems.ClientGone());
        }).Dag("d", """{"nodes":[{"name":"a","function":"hangs"}]}""");

        var run = node.RunAsync("d", "1", client.Token);
        await hangs.Task.WaitAsync(LocalNode.Cancellation);
        await client.CancelAsync();

        (await run).Result.Problem!.Slug.ShouldBe("client-gone");
        await cancelled.Task.WaitAsync(LocalNode.Cancellation);
        node.Engine.Book.RunsOf(TestDags.Name("d"))[0].Status.ShouldBe(RunStatus.Cancelled);
    }

    [Fact]
    public async Task A_chain_of_a_thousand_functions_that_answer_at_once_runs_to_its_end()
    {
        var nodes = string.Join(',', Enumerable.Range(0, 1000).Select(i => $$"""{"name":"n{{i}}","function":"increment"}"""));
        var edges = string.Join(',', Enumerable.Range(0, 999).Select(i => $$"""{"from":"n{{i}}","to":"n{{i + 1}}"}"""));
        await using var node = Numbers().Dag("d", $$"""{"nodes":[{{nodes}}],"edges":[{{edges}}]}""");

        (await node.RunAsync("d", "0")).Body.ShouldBe("1000");
    }

    [Fact]
    public async Task The_last_hundred_runs_of_a_dag_are_remembered()
    {
        await using var node = Numbers().Dag("d", Chain);
        for (var i = 0; i < 120; i++)
        {
            await node.RunAsync("d", "1");
        }

        var runs = node.Engine.Book.RunsOf(TestDags.Name("d"));
        runs.Count.ShouldBe(100);
        runs.ShouldAllBe(run => run.Status == RunStatus.Succeeded);
        node.Engine.Book.Find(TestDags.Name("d"), runs[0].Id).ShouldBe(runs[0]);
    }

    private static LocalNode Numbers() => new LocalNode()
        .With("same", body => body)
        .With("double", body => (2 * Number(body)).ToString(CultureInfo.InvariantCulture))
        .With("increment", body => (Number(body) + 1).ToString(CultureInfo.InvariantCulture));

    private static async ValueTask<InvocationResult> Hang(string body, Invocation invocation, CancellationToken cancellation)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellation.Register(() => cancelled.TrySetResult());
        await cancelled.Task;
        return new ScriptedResult(KnownProblems.ClientGone());
    }

    private static int Number(string body) => int.Parse(body, CultureInfo.InvariantCulture);

    private static bool InvocationId(string text) => Core.Names.InvocationId.TryParse(text, out _);
}
