namespace Virga.Core.Problems;

/// <summary>Carries a problem up to the edge that answers with it.</summary>
public sealed class ProblemException(Problem problem, Exception? inner = null) : Exception(problem.Detail ?? problem.Title, inner)
{
    /// <summary>The problem.</summary>
    public Problem Problem { get; } = problem;
}
