using System.Text;
using System.Text.RegularExpressions;

namespace Virga.Cli.Packaging;

/// <summary>
/// Which files of a folder stay out of its package: the patterns of <c>.virgaignore</c>, in the form of gitignore(5), and what
/// never belongs into one. The last pattern that matches decides; <c>!</c> takes a file back in.
/// </summary>
internal sealed class IgnoreRules
{
    public const string FileName = ".virgaignore";

    private static readonly string[] Always = [".git/", ".virga/", "__pycache__/", "/" + FileName];
    private static readonly string[] DotnetOutput = ["/bin/", "/obj/"];

    private readonly List<Rule> _rules = [];

    /// <summary>Rules from lines of <c>.virgaignore</c>.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="dotnetSource">Whether the folder holds C# sources, whose build output is made anew at deploy.</param>
    public IgnoreRules(IEnumerable<string> lines, bool dotnetSource)
    {
        foreach (var line in (dotnetSource ? DotnetOutput : []).Concat(lines).Concat(Always))
        {
            if (Parse(line) is { } rule)
            {
                _rules.Add(rule);
            }
        }
    }

    /// <summary>The rules of a folder.</summary>
    public static IgnoreRules Of(string folder)
    {
        var file = Path.Combine(folder, FileName);
        return new IgnoreRules(File.Exists(file) ? File.ReadLines(file) : [], Directory.EnumerateFiles(folder, "*.cs").Any());
    }

    /// <summary>Whether a file or folder stays out; <paramref name="path"/> is seen from the package's root, with <c>/</c> between its parts.</summary>
    public bool Skip(string path, bool isFolder)
    {
        var skip = false;
        foreach (var rule in _rules)
        {
            if ((isFolder || !rule.FoldersOnly) && rule.Pattern.IsMatch(path))
            {
                skip = !rule.TakesBack;
            }
        }

        return skip;
    }

    private static Rule? Parse(string line)
    {
        var pattern = line.TrimEnd();
        if (pattern.Length == 0 || pattern[0] == '#')
        {
            return null;
        }

        var takesBack = pattern[0] == '!';
        pattern = takesBack ? pattern[1..] : pattern;
        var foldersOnly = pattern.EndsWith('/');
        pattern = pattern.TrimEnd('/');
        if (pattern.Length == 0)
        {
            return null;
        }

        // A pattern with a slash in it counts from the root; one without matches at any depth.
        var anchored = pattern.Contains('/', StringComparison.Ordinal);
        var regex = $"^{(anchored ? "" : "(.*/)?")}{Translate(pattern.TrimStart('/'))}$";
        return new Rule(new Regex(regex, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)), foldersOnly, takesBack);
    }

    private static string Translate(string pattern)
    {
        var regex = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern.AsSpan(i).StartsWith("**/"))
            {
                regex.Append("(.*/)?");
                i += 2;
            }
            else if (pattern.AsSpan(i).StartsWith("**"))
            {
                regex.Append(".*");
                i++;
            }
            else
            {
                regex.Append(pattern[i] switch
                {
                    '*' => "[^/]*",
                    '?' => "[^/]",
                    var c => Regex.Escape(c.ToString()),
                });
            }
        }

        return regex.ToString();
    }

    private sealed record Rule(Regex Pattern, bool FoldersOnly, bool TakesBack);
}
