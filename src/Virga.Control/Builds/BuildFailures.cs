using Virga.Core.Problems;

namespace Virga.Control.Builds;

/// <summary>The problems of builds.</summary>
internal static class BuildFailures
{
    private const int ShownDiagnostics = 20;

    public static ProblemException Failed(IReadOnlyList<BuildDiagnostic> diagnostics) => new(KnownProblems.BuildFailed(
        diagnostics.Count == 0 ? "The build failed without saying why." : string.Join('\n', diagnostics.Take(ShownDiagnostics)),
        diagnostics.Select(object (diagnostic) => new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["file"] = diagnostic.File,
            ["line"] = diagnostic.Line,
            ["column"] = diagnostic.Column,
            ["id"] = diagnostic.Id,
            ["message"] = diagnostic.Message,
        }).ToList()));

    public static ProblemException TimedOut(TimeSpan limit) =>
        new(KnownProblems.BuildFailed($"The build took longer than {limit.TotalSeconds:0} seconds.", Array.Empty<object>()));

    public static ProblemException NoBuilder(string what, string fix) => new(KnownProblems.Unavailable($"This node has no {what}.", fix));
}
