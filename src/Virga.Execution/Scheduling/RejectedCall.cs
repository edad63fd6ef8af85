using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Execution.Scheduling;

/// <summary>The result of an invocation that no instance ran.</summary>
internal sealed class RejectedCall : InvocationResult
{
    public RejectedCall(Problem problem, TimeSpan queued)
    {
        Problem = problem;
        Status = problem.Status;
        Timing = new InvocationTiming(StartKind.Warm, queued, TimeSpan.Zero, TimeSpan.Zero);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
