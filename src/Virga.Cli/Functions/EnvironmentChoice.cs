using System.Text.Json.Nodes;
using Virga.Cli.Failures;
using Virga.Cli.Packaging;

namespace Virga.Cli.Functions;

/// <summary>Which environment a function is deployed into: the one that is asked for, else the one that it has, else a guess.</summary>
internal static class EnvironmentChoice
{
    private static readonly string[] BuiltIn = ["node", "python", "dotnet", "exec"];

    /// <summary>The name of the environment.</summary>
    /// <param name="source">The code.</param>
    /// <param name="settings">What the user said.</param>
    /// <param name="current">The function as it is on the node; null when it is new.</param>
    /// <exception cref="UsageException">The code does not tell, or tells of another environment than the function has.</exception>
    public static string Of(string source, FunctionSettings settings, JsonObject? current)
    {
        if (settings.Environment is { } wanted)
        {
            return wanted;
        }

        if (current is null)
        {
            return EnvironmentGuess.Of(source);
        }

        var present = SpecJson.ReadFunction(current).Environment;

        // A custom environment may take any code; of the built-in ones each has a language of its own.
        return EnvironmentGuess.All(source) is [var guess] && guess != present && BuiltIn.Contains(present, StringComparer.Ordinal)
            ? throw new UsageException(
                $"The function runs in {present}, but '{Path.GetFileName(Path.TrimEndingDirectorySeparator(source))}' looks like one for {guess}.", $"Say which is meant: --env {guess} or --env {present}.")
            : present;
    }
}
