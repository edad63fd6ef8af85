using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Sessions;
using static Virga.Composition.Tests.Platform.Requests;

namespace Virga.Composition.Tests.Platform;

/// <summary>What a session has read on a node that has it no longer.</summary>
public sealed class LostSessionTests
{
    [Fact]
    public async Task A_read_of_what_is_gone_is_a_problem_and_marks_the_session()
    {
        await using var first = await AskingFunctions.StartAsync();
        await using var second = await AskingFunctions.StartAsync();
        var upstream = first.Call(consistency: Consistency.RepeatableRead);
        await first.AskAsync(first.Call(), Commands(Put("k", [1])));
        await first.AskAsync(upstream, Commands(Get("k")));
        var metadata = first.Engine.Export((StateSession)upstream.Session!);

        // Another store, which never had that version: as a node that has been started again.
        var downstream = second.Call();
        var session = second.Engine.Import(Scope.Default, metadata.Span);
        downstream.Session = session;

        session.IsLost.ShouldBeFalse();
        ResultReader.Of(await second.AskAsync(downstream, Commands(Get("k")))).Problem().ShouldBe(Problem.TypePrefix + "session-lost");
        session.IsLost.ShouldBeTrue();
    }
}
