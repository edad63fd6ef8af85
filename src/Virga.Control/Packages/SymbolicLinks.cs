namespace Virga.Control.Packages;

/// <summary>
/// The symbolic links of a package, followed on paper: each must stay within the package however it is reached. Comparing texts is not enough, because
/// <c>..</c> after a link leaves from where the link leads.
/// </summary>
internal sealed class SymbolicLinks
{
    // What Linux allows (MAXSYMLINKS).
    private const int MaxHops = 40;

    private readonly Dictionary<string, string> _targets = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Targets => _targets;

    public void Add(string path, string target) => _targets.Add(path, target);

    /// <summary>Refuses links that lead out of the package, or round in circles.</summary>
    public void Check()
    {
        foreach (var (path, target) in _targets)
        {
            var shown = $"The link '{PackagePath.Printable(path)}' → '{PackagePath.Printable(target)}'";
            if (target.Length == 0 || target[0] == '/' || target.Any(char.IsControl))
            {
                throw PackagePath.Refused($"{shown} does not have a relative path as its target.");
            }

            if (!StaysInside(path))
            {
                throw PackagePath.Refused($"{shown} leads out of the package, or round in a circle.");
            }
        }
    }

    private bool StaysInside(string path)
    {
        var pending = new Stack<string>();
        Push(pending, path);
        var reached = new List<string>();
        var hops = 0;
        while (pending.TryPop(out var segment))
        {
            switch (segment)
            {
                case "" or ".":
                    continue;
                case ".." when reached.Count == 0:
                    return false;
                case "..":
                    reached.RemoveAt(reached.Count - 1);
                    continue;
            }

            reached.Add(segment);
            if (_targets.TryGetValue(string.Join('/', reached), out var target))
            {
                if (++hops > MaxHops || target.StartsWith('/'))
                {
                    return false;
                }

                reached.RemoveAt(reached.Count - 1);
                Push(pending, target);
            }
        }

        return true;
    }

    private static void Push(Stack<string> pending, string path)
    {
        var segments = path.Split('/');
        for (var i = segments.Length - 1; i >= 0; i--)
        {
            pending.Push(segments[i]);
        }
    }
}
