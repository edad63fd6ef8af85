using System.Text;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Binary;
using Virga.State.Lattices;
using Virga.State.Logs;
using Virga.State.Records;
using static Virga.Composition.Tests.Platform.Requests;

namespace Virga.Composition.Tests.Platform;

/// <summary>What functions do with shared state, request by request.</summary>
public sealed class StateCommandTests : IAsyncLifetime
{
    private AskingFunctions _functions = null!;

    public async ValueTask InitializeAsync() => _functions = await AskingFunctions.StartAsync();

    public ValueTask DisposeAsync() => _functions.DisposeAsync();

    [Fact]
    public async Task A_value_is_got_as_it_was_put_with_the_version_that_the_put_gave()
    {
        var call = _functions.Call();
        var put = Results(await _functions.AskAsync(call, Commands(Put("k", "grün"u8.ToArray(), PayloadTag.Text))));
        var version = put.Version();

        var got = Results(await _functions.AskAsync(call, Commands(Get("k", versionWanted: true), Get("none"), Get("k", known: version))));

        got.Byte().ShouldBe((byte)1);
        got.NextVersion().ShouldBe(version);
        got.Value().ShouldBe((PayloadTag.Text, "grün"));
        got.Next().Byte().ShouldBe((byte)0);
        got.Next().Byte().ShouldBe((byte)2);
    }

    [Fact]
    public async Task Gets_of_what_is_in_memory_are_answered_at_once_and_writes_are_not()
    {
        var call = _functions.Call();
        await _functions.AskAsync(call, Commands(Put("k", [1])));

        _functions.IsAnsweredAtOnce(call, Commands(Get("k"), Get("k"))).ShouldBeTrue();
        _functions.IsAnsweredAtOnce(call, Commands(Get("k"), Delete("k"))).ShouldBeFalse();
        _functions.IsAnsweredAtOnce(call, Commands(Get("$inbox/x"))).ShouldBeFalse();
    }

    [Fact]
    public async Task Commands_of_one_request_happen_in_their_order()
    {
        var results = Results(await _functions.AskAsync(_functions.Call(), Commands(
            Increment("c", 5), Increment("c", -7), Get("c"), Delete("c"), Delete("c"), Get("c"), Increment("c", 1))));

        results.Signed().ShouldBe(5);
        results.Next().Signed().ShouldBe(-2);
        results.Next().Byte().ShouldBe((byte)1);
        results.Value().ShouldBe((PayloadTag.Json, "-2"));
        results.Next().Byte().ShouldBe((byte)1);
        results.Next().Byte().ShouldBe((byte)0);
        results.Next().Byte().ShouldBe((byte)0);
        results.Next().Signed().ShouldBe(1);
    }

    [Fact]
    public async Task A_thousand_durable_writes_of_one_request_share_their_way_to_the_disk()
    {
        await using var functions = await AskingFunctions.StartAsync(Durability.Sync);
        var began = TimeProvider.System.GetTimestamp();

        var results = Results(await functions.AskAsync(functions.Call(), Commands([.. Enumerable.Range(0, 1000).Select(i => Increment($"c{i}", i))])));

        for (var i = 0; i < 1000; i++)
        {
            results.Signed().ShouldBe(i);
            results = i == 999 ? results : results.Next();
        }

        // One by one they take 200 µs each on a quick disk alone.
        TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task An_update_and_a_query_speak_json()
    {
        var results = Results(await _functions.AskAsync(_functions.Call(), Commands(
            Update("s", """{"set":{"add":["a","b"]}}"""), Query("s", """{"set":{"has":"a"}}"""), Get("s"))));

        results.Value().Text.ShouldContain("\"added\":2");
        results.Next().Value().ShouldBe((PayloadTag.Json, "true"));
        results.Next().Byte().ShouldBe((byte)1);
        results.Value().ShouldBe((PayloadTag.Json, """["a","b"]"""));
    }

    [Fact]
    public async Task A_command_that_fails_keeps_none_of_the_others_from_happening()
    {
        var results = Results(await _functions.AskAsync(_functions.Call(), Commands(
            Put("k", [1]), Increment("k", 1), Put("$system", [1]), Get(""), Update("k", "{"), Get(new string('x', 1025)), Increment("c", 1))));

        results.Version().ShouldNotBe(StateVersion.Absent);
        foreach (var slug in new[] { "state-kind-mismatch", "invalid-key", "invalid-key", "invalid-update", "invalid-key" })
        {
            results = results.NextProblem(out var problem);
            problem.ShouldBe(Problem.TypePrefix + slug);
        }

        results.Next().Signed().ShouldBe(1);
    }

    [Fact]
    public async Task A_conditional_put_happens_once()
    {
        var call = _functions.Call();
        var version = Results(await _functions.AskAsync(call, Commands(Put("k", [1], expected: StateVersion.Absent)))).Version();

        var results = Results(await _functions.AskAsync(call, Commands(Put("k", [2], expected: version), Get("k"))));
        results.Version().ShouldNotBe(version);
        results.Next().Byte().ShouldBe((byte)1);
        Results(await _functions.AskAsync(call, Commands(Put("k", [3], expected: version)))).Problem().ShouldBe(Problem.TypePrefix + "state-condition-failed");
        Results(await _functions.AskAsync(call, Commands(Put("k", [3], expected: StateVersion.Absent)))).Problem().ShouldBe(Problem.TypePrefix + "state-condition-failed");
    }

    [Fact]
    public async Task Namespaces_do_not_see_each_other()
    {
        await _functions.AskAsync(_functions.Call("one"), Commands(Put("k", [1])));

        Results(await _functions.AskAsync(_functions.Call("two"), Commands(Get("k")))).Byte().ShouldBe((byte)0);
    }

    [Fact]
    public async Task A_list_has_no_keys_of_the_platform_and_goes_on_where_it_ended()
    {
        var call = _functions.Call();
        await _functions.AskAsync(call, Commands(Put("#before", [1]), Put("a", [1]), Increment("b", 1)));
        var gone = _functions.Call();
        _functions.Platform.CallEnded(gone);
        for (var i = 0; i < 5; i++)
        {
            await _functions.AskAsync(call, Send($"single.{gone.Id}", [1]));
        }

        var first = Results(await _functions.AskAsync(call, Commands(List("", limit: 2)))).Keys(out var more);
        first.ShouldBe(["#before lww", "a lww"]);
        more.ShouldBeTrue();
        Results(await _functions.AskAsync(call, Commands(List("", after: "a")))).Keys(out more).ShouldBe(["b counter"]);
        more.ShouldBeFalse();
        Results(await _functions.AskAsync(call, Commands(List("$inbox/")))).Problem().ShouldBe(Problem.TypePrefix + "invalid-key");
        Results(await _functions.AskAsync(call, Commands(List("", limit: 0)))).Problem().ShouldBe(Problem.TypePrefix + "invalid-request");
    }

    [Fact]
    public async Task A_watch_waits_for_the_first_change_behind_its_cursor()
    {
        var call = _functions.Call();
        await _functions.AskAsync(call, Commands(Put("w1", [1])));
        var cursor = Results(await _functions.AskAsync(call, Commands(Watch("w", 0, 0)))).Changes(out var changes);
        changes.ShouldBeEmpty();

        var waiting = _functions.AskAsync(call, Commands(Watch("w", cursor, 20_000)));
        await _functions.AskAsync(call, Commands(Put("other", [1]), Put("w2", "x"u8.ToArray(), PayloadTag.Text)));

        Results(await waiting).Changes(out changes);
        changes.ShouldBe(["w2=x"]);
    }

    [Fact]
    public async Task Results_that_fill_the_answer_leave_the_rest_to_be_asked_for_again()
    {
        var call = _functions.Call();
        var large = new byte[9 << 20];
        await _functions.AskAsync(call, Commands(Put("l1", large)));
        await _functions.AskAsync(call, Commands(Put("l2", large)));

        var results = Results(await _functions.AskAsync(call, Commands(Get("l1"), Get("l2"), Update("c", """{"counter":{"increment":1}}"""))));

        results.Byte().ShouldBe((byte)1);
        results.Value().Text.Length.ShouldBe(large.Length);
        results = results.NextProblem(out var problem);
        problem.ShouldBe(Problem.TypePrefix + "answer-full");
        results.NextProblem(out problem);
        problem.ShouldBe(Problem.TypePrefix + "answer-full");
        Results(await _functions.AskAsync(call, Commands(Get("c")))).Byte().ShouldBe((byte)0, "what was not answered did not happen");
    }

    [Theory]
    [InlineData("NaN", PayloadTag.Json)]
    [InlineData("", PayloadTag.Json)]
    [InlineData("{} {}", PayloadTag.Json)]
    [InlineData("\"\u00ff\"", PayloadTag.Json)]
    [InlineData("\u00ff", PayloadTag.Text)]
    public async Task What_is_not_what_its_tag_says_is_not_put(string latin, PayloadTag tag)
    {
        var call = _functions.Call();
        var content = Encoding.Latin1.GetBytes(latin);

        Results(await _functions.AskAsync(call, Commands(Put("k", content, tag)))).Problem().ShouldBe(Problem.TypePrefix + "invalid-request");
        Results(await _functions.AskAsync(call, Commands(Put("k", content, tag, expected: StateVersion.Absent)))).Problem().ShouldBe(Problem.TypePrefix + "invalid-request");
        Results(await _functions.AskAsync(call, Commands(Put("k", content)))).Version().ShouldNotBe(StateVersion.Absent);
    }

    [Fact]
    public async Task A_value_over_the_limit_is_refused()
    {
        var call = _functions.Call();

        Results(await _functions.AskAsync(call, Commands(Put("k", new byte[(16 << 20) + 1])))).Problem().ShouldBe(Problem.TypePrefix + "value-too-large");
        Results(await _functions.AskAsync(call, Commands(Put("k", new byte[16 << 20])))).Version().ShouldNotBe(StateVersion.Absent);
    }

    [Theory]
    [InlineData("")]
    [InlineData("09")]
    [InlineData("01")]
    [InlineData("0102")]
    [InlineData("01010900")]
    [InlineData("0101016b")]
    [InlineData("010101016b04")]
    [InlineData("010102016b000109")]
    [InlineData("010103016bff")]
    [InlineData("01ffffffff0f")]
    public async Task A_request_that_cannot_be_read_is_a_problem_and_does_nothing(string hex)
    {
        var failure = await Should.ThrowAsync<ProblemException>(() => _functions.AskAsync(_functions.Call(), output => System.Buffers.BuffersExtensions.Write(output, Convert.FromHexString(hex))));

        failure.Problem.Slug.ShouldBe("invalid-request");
    }

    [Fact]
    public async Task Random_requests_are_answered_or_refused_and_never_break_anything()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var call = _functions.Call();
        for (var i = 0; i < 20_000; i++)
        {
            var request = new byte[random.Next(1, 40)];
            random.NextBytes(request);
            request[0] = (byte)random.Next(1, 5);
            if (request is [0x01, _, _, ..])
            {
                request[1] = (byte)random.Next(1, 3);
                request[2] = (byte)random.Next(1, 9);
            }

            // Nothing random may wait for long.
            using var patience = new CancellationTokenSource();
            patience.Cancel();
            var failure = await Record.ExceptionAsync(() => _functions.AskAsync(call, output => System.Buffers.BuffersExtensions.Write(output, request), patience.Token));
            (failure is null or ProblemException or OperationCanceledException).ShouldBeTrue($"{Convert.ToHexString(request)}: {failure}");
        }
    }

    [Fact]
    public void A_function_that_asks_for_a_consistency_has_a_session_while_it_runs()
    {
        var call = _functions.Call(consistency: Consistency.Causal);

        call.Session!.Consistency.ShouldBe(Consistency.Causal);
        _functions.Platform.CallEnded(call);
        call.Session.ShouldBeNull();
        _functions.Call().Session.ShouldBeNull();
    }

    private static ResultReader Results(byte[] answer) => ResultReader.Of(answer);
}
