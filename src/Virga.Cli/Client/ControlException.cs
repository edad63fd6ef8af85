using Virga.Core.Problems;

namespace Virga.Cli.Client;

/// <summary>A node answered with a problem.</summary>
/// <param name="problem">What it said.</param>
public sealed class ControlException(Problem problem) : Exception(problem.Detail ?? problem.Title)
{
    /// <summary>What the node said.</summary>
    public Problem Problem { get; } = problem;
}
