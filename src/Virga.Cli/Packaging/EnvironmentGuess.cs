using Virga.Cli.Failures;

namespace Virga.Cli.Packaging;

/// <summary>Tells from a file or folder which built-in environment runs it.</summary>
internal static class EnvironmentGuess
{
    private const string Fix = "Name it with --env node, python, dotnet or exec.";

    private static readonly string[] NodeModules = [".mjs", ".js", ".cjs", ".ts", ".mts"];

    /// <summary>The name of the environment.</summary>
    /// <exception cref="UsageException">The path does not tell, or tells of several.</exception>
    public static string Of(string path)
    {
        var guesses = All(path);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        return guesses.Count switch
        {
            1 => guesses[0],
            0 when File.Exists(path) => throw new UsageException($"'{name}' does not tell which environment runs it.", Fix),
            0 => throw new UsageException($"The folder '{name}' does not tell which environment runs it: it has no package.json, index.*, *.py, *.cs or *.deps.json, and is no single executable.", Fix),
            _ => throw new UsageException($"The folder '{name}' could be for {string.Join(" or ", guesses)}.", Fix),
        };
    }

    /// <summary>Every environment that the path could be for; empty when it does not tell.</summary>
    /// <exception cref="UsageException">There is no such path.</exception>
    public static IReadOnlyList<string> All(string path)
    {
        if (File.Exists(path))
        {
            return OfFile(path) is { } environment ? [environment] : [];
        }

        if (!Directory.Exists(path))
        {
            throw new UsageException($"There is no file or folder '{path}'.", "Give the path of a source file, a folder or a zip file.");
        }

        return OfFolder(path);
    }

    private static string? OfFile(string path)
    {
        var extension = Path.GetExtension(path).ToLowerInvariant();
        if (NodeModules.Contains(extension, StringComparer.Ordinal))
        {
            return "node";
        }

        return extension switch
        {
            ".py" => "python",
            ".cs" or ".dll" => "dotnet",
            ".zip" => null,
            _ => IsExecutable(path) ? "exec" : null,
        };
    }

    private static List<string> OfFolder(string folder)
    {
        bool Has(string pattern) => Directory.EnumerateFiles(folder, pattern).Any();

        var isNode = File.Exists(Path.Combine(folder, "package.json")) || NodeModules.Any(extension => File.Exists(Path.Combine(folder, "index" + extension)));
        var guesses = new List<string>();
        if (isNode)
        {
            guesses.Add("node");
        }

        if (Has("*.py"))
        {
            guesses.Add("python");
        }

        if (Has("*.cs") || Has("*.deps.json"))
        {
            guesses.Add("dotnet");
        }

        if (guesses.Count == 0 && NodeModules.Any(extension => Has("*" + extension)))
        {
            guesses.Add("node");
        }

        if (guesses.Count == 0 && Directory.EnumerateFiles(folder).Where(IsCode).ToArray() is [var only] && IsExecutable(only))
        {
            guesses.Add("exec");
        }

        return guesses;
    }

    // What stands beside the code in a project's folder, and is none.
    private static bool IsCode(string file) => Path.GetFileName(file) is not ['.', ..] and not "virga.yaml" and var name
        && !name.StartsWith("README", StringComparison.OrdinalIgnoreCase);

    private static bool IsExecutable(string file) => (File.GetUnixFileMode(file) & UnixFileMode.UserExecute) != UnixFileMode.None;
}
