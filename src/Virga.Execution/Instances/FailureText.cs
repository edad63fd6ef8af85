using Virga.Core.Problems;

namespace Virga.Execution.Instances;

/// <summary>How a failed call reads in its function's log.</summary>
internal static class FailureText
{
    /// <summary>What was wrong, and below it the stack where there is one.</summary>
    public static string Of(Problem problem)
    {
        var text = problem.Detail ?? problem.Title;
        return problem.Extensions?.GetValueOrDefault("stack") is string stack && stack.Length > 0 ? $"{text}\n{stack}" : text;
    }
}
