using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Execution.Channel;

/// <summary>Which outcome a problem is counted as.</summary>
internal static class Outcomes
{
    public static Outcome Of(Problem problem) => problem.Slug switch
    {
        "timeout" => Outcome.Timeout,
        "out-of-memory" => Outcome.OutOfMemory,
        "crashed" => Outcome.Crashed,
        "function-error" or "load-failed" or "invalid-answer" => Outcome.FunctionError,
        _ when problem.Fault == Fault.Client => Outcome.Cancelled,
        _ => Outcome.Rejected,
    };
}
