using Virga.Core.Problems;

namespace Virga.Control.Builds;

/// <summary>The problems of builds.</summary>
internal static class BuildFailures
{
    public static ProblemException Failed(IReadOnlyList<BuildDiagnostic> diagnostics) => new(KnownProblems.BuildFailed(
        DetailOf(diagnostics),
        diagnostics.Select(object (diagnostic) => new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["file"] = diagnostic.File,
            ["line"] = diagnostic.Line,
            ["column"] = diagnostic.Column,
            ["id"] = diagnostic.Id,
            ["message"] = diagnostic.Message,
        }).ToList()));

    private static string DetailOf(IReadOnlyList<BuildDiagnostic> diagnostics) => diagnostics.Count switch
    {
        0 => "The build failed without saying why.",
        1 => diagnostics[0].ToString(),
        2 => $"{diagnostics[0]} (and 1 more error)",
        var count => $"{diagnostics[0]} (and {count - 1} more errors)",
    };

    public static ProblemException TimedOut(TimeSpan limit) =>
        new(KnownProblems.BuildFailed($"The build took longer than {limit.TotalSeconds:0} seconds.", Array.Empty<object>()));

    public static ProblemException NoBuilder(string what, string fix) => new(KnownProblems.Unavailable($"This node has no {what}.", fix));
}
