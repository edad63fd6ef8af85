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
        if (File.Exists(path))
        {
            return OfFile(path) ?? throw new UsageException($"'{Path.GetFileName(path)}' does not tell which environment runs it.", Fix);
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
            _ => (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != UnixFileMode.None ? "exec" : null,
        };
    }

    private static string OfFolder(string folder)
    {
        bool Has(string pattern) => Directory.EnumerateFiles(folder, pattern).Any();

        var names = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
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

        return guesses.Count switch
        {
            1 => guesses[0],
            0 => throw new UsageException($"The folder '{names}' does not tell which environment runs it: it has no package.json, index.*, *.py, *.cs or *.deps.json.", Fix),
            _ => throw new UsageException($"The folder '{names}' could be for {string.Join(" or ", guesses)}.", Fix),
        };
    }
}
