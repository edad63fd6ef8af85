using System.Globalization;
using System.Text;
using Virga.Control.Metadata;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Control.Routes;

/// <summary>What a route spec may say, and how it becomes a route.</summary>
internal static class RouteRules
{
    private const int MaxHostLength = 253;
    private const string ReservedPrefix = "/f/";
    private const string ReservedDagPrefix = "/d/";

    private static readonly Dictionary<string, string[]> SingleMethods = new(StringComparer.OrdinalIgnoreCase)
    {
        ["GET"] = ["GET"],
        ["HEAD"] = ["HEAD"],
        ["POST"] = ["POST"],
        ["PUT"] = ["PUT"],
        ["PATCH"] = ["PATCH"],
        ["DELETE"] = ["DELETE"],
        ["OPTIONS"] = ["OPTIONS"],
    };

    private static readonly SortedSet<string> Methods = new(SingleMethods.Keys, StringComparer.OrdinalIgnoreCase);

    /// <summary>Refuses a spec that breaks a rule; gives the route back with its members in their one canonical form.</summary>
    /// <exception cref="ProblemException"><c>invalid-spec</c>.</exception>
    public static Route Bind(Scope scope, ResourceName? name, RouteSpec spec)
    {
        if (!PathTemplate.TryParse(spec.Path, out var template, out var error))
        {
            throw new ProblemException(KnownProblems.InvalidSpec(error));
        }

        if (template.Text.StartsWith(ReservedPrefix, StringComparison.Ordinal))
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"The path '{template}' begins with {ReservedPrefix}, where function URLs are.", "Choose another path."));
        }

        var canonical = spec with { Methods = CheckMethods(spec.Methods), Host = CheckHost(spec.Host) };
        CheckCors(spec.Cors);
        var isDag = spec.Function.StartsWith(Route.DagPrefix, StringComparison.Ordinal);
        var (target, qualifier) = isDag ? (ReadDag(spec.Function), null) : ReadFunction(spec.Function);
        return new Route(
            scope.Tenant, scope.Namespace, name ?? DeriveName(canonical), canonical, template, new FunctionName(scope.Tenant, scope.Namespace, target), qualifier)
        {
            Dag = isDag ? new DagName(scope, target) : null,
        };
    }

    /// <summary>Refuses a new route where the URLs of DAGs are. Routes that are older than those stay, behind them.</summary>
    /// <exception cref="ProblemException"><c>invalid-spec</c>.</exception>
    public static void RequireFreePath(Route route)
    {
        if (route.Template.Text.StartsWith(ReservedDagPrefix, StringComparison.Ordinal))
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"The path '{route.Template}' begins with {ReservedDagPrefix}, where the URLs of DAGs are.", "Choose another path."));
        }
    }

    /// <summary>Whether two routes match exactly the same requests.</summary>
    public static bool MatchesTheSame(Route a, Route b) =>
        a.Spec.Host == b.Spec.Host && a.Template.Shape == b.Template.Shape && a.Spec.Methods.SequenceEqual(b.Spec.Methods, StringComparer.Ordinal);

    /// <summary>The name with a number at its end, within the length of a name.</summary>
    public static ResourceName Number(ResourceName name, int number)
    {
        var suffix = string.Create(CultureInfo.InvariantCulture, $"-{number}");
        var start = name.Value[..Math.Min(name.Value.Length, ResourceName.MaxLength - suffix.Length)].TrimEnd('-');
        return ResourceName.Parse(start + suffix);
    }

    /// <summary>The name of a route whose author gave none: <c>GET /users/{id}</c> is <c>get-users-id</c>.</summary>
    private static ResourceName DeriveName(RouteSpec spec)
    {
        var name = new StringBuilder();
        foreach (var c in $"{(spec.Methods.Count == 0 ? "any" : string.Join('-', spec.Methods))} {spec.Host} {(spec.Path == "/" ? "root" : spec.Path)}")
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                name.Append(char.ToLowerInvariant(c));
            }
            else if (name.Length > 0 && name[^1] != '-')
            {
                name.Append('-');
            }
        }

        var text = name.ToString(0, Math.Min(name.Length, ResourceName.MaxLength)).TrimEnd('-');
        return ResourceName.Parse(text);
    }

    private static string[] CheckMethods(IReadOnlyList<string> methods)
    {
        foreach (var method in methods)
        {
            if (!Methods.Contains(method))
            {
                throw new ProblemException(KnownProblems.InvalidSpec(
                    $"'{ResourceName.Shorten(method)}' is no HTTP method that a route can have.", $"Use {string.Join(", ", Methods)}; none means every method."));
            }
        }

        // Nearly every route has one of a handful of methods: one list each is enough for all of them.
        return methods.Count == 1
            ? SingleMethods[methods[0]]
            : [.. methods.Select(method => method.ToUpperInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static string? CheckHost(string? host)
    {
        if (string.IsNullOrEmpty(host))
        {
            return null;
        }

        if (host.Length > MaxHostLength || Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4) || !Ascii.IsValid(host))
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"'{ResourceName.Shorten(host)}' is no host name.", "Write a name such as api.example.org, without scheme and port."));
        }

        return host.ToLowerInvariant();
    }

    private static void CheckCors(CorsSpec? cors)
    {
        if (cors is null)
        {
            return;
        }

        if (cors.Origins.Count == 0 || cors.Origins.Any(string.IsNullOrWhiteSpace))
        {
            throw new ProblemException(KnownProblems.InvalidSpec("cors.origins names no origin.", "Name origins such as https://example.org, or *."));
        }

        if (cors.Credentials && cors.Origins.Contains("*"))
        {
            throw new ProblemException(KnownProblems.InvalidSpec("cors.credentials cannot be combined with the origin '*': browsers refuse it.", "Name the origins."));
        }

        foreach (var value in cors.Origins.Concat(cors.Headers).Concat(cors.ExposedHeaders))
        {
            if (value is null || value.Any(c => char.IsControl(c) || c > '~'))
            {
                throw new ProblemException(KnownProblems.InvalidSpec($"'{Packages.PackagePath.Printable(value ?? "")}' in cors cannot stand in a header."));
            }
        }
    }

    private static ResourceName ReadDag(string text) => ResourceName.TryParse(text[Route.DagPrefix.Length..], out var dag)
        ? dag
        : throw new ProblemException(KnownProblems.InvalidSpec($"'{ResourceName.Shorten(text)}' names no DAG.", "Write dag:name."));

    private static (ResourceName Function, string? Qualifier) ReadFunction(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        var qualifier = colon < 0 ? null : text[(colon + 1)..];
        if (!ResourceName.TryParse(name, out var function) || (qualifier is not null && !ResourceName.TryParse(qualifier, out _)))
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"'{ResourceName.Shorten(text)}' names no function.", "Write name, name:alias or name:version."));
        }

        return (function, qualifier);
    }
}
