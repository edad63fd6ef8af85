using System.Globalization;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Core.Dags;

/// <summary>What a DAG's spec may say, and how it becomes a graph. Pure: whether its functions exist is for others to know.</summary>
public static class DagRules
{
    /// <summary>The greatest number of nodes.</summary>
    public const int MaxNodes = 1000;

    /// <summary>The greatest number of edges.</summary>
    public const int MaxEdges = 10_000;

    private const int MaxRetries = 100;
    private const int MaxReferences = 100;
    private const int MaxKeyBytes = 1024;
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(24);

    /// <summary>Works a spec out.</summary>
    /// <exception cref="ProblemException"><c>invalid-dag</c> when it breaks a rule; the detail names the nodes and edges.</exception>
    public static DagGraph Bind(DagSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        CheckLimits(spec);
        var places = Places(spec.Nodes);
        var links = Links(spec, places, out var inputs);
        var next = links.ToLookup(link => link.From);
        var order = new DagOrder(spec.Nodes, links);
        CheckReached(spec, inputs, next);
        var steps = new DagStep[spec.Nodes.Count];
        for (var i = 0; i < steps.Length; i++)
        {
            var node = spec.Nodes[i];
            var (function, qualifier) = Function(node);
            steps[i] = new DagStep
            {
                Index = i,
                Node = node,
                Function = function,
                Qualifier = qualifier,
                When = node.When is { } when ? DagCondition.Read(when, $"The condition of the node '{node.Name}'") : null,
                Inputs = inputs[i],
                References = References(node, inputs[i]),
                Next = [.. next[i]],
                Layer = order.Layers[i],
            };
        }

        int[] sinks = [.. steps.Where(step => step.IsSink).Select(step => step.Index)];
        return new DagGraph
        {
            Steps = steps,
            Order = order.Places,
            Entries = [.. steps.Where(step => step.IsEntry).Select(step => step.Index)],
            Sinks = sinks,
            Output = Output(spec, places, steps, sinks),
        };
    }

    internal static ProblemException Refuse(string detail, string? fix = null) => new(KnownProblems.InvalidDag(detail, fix));

    private static void CheckLimits(DagSpec spec)
    {
        if (spec.Nodes.Count is 0 or > MaxNodes)
        {
            throw Refuse(spec.Nodes.Count == 0 ? "The DAG has no nodes." : $"The DAG has {spec.Nodes.Count} nodes; {MaxNodes} are allowed.", spec.Nodes.Count == 0 ? "Give it at least one." : "Split it into several DAGs.");
        }

        if (spec.Edges.Count > MaxEdges)
        {
            throw Refuse($"The DAG has {spec.Edges.Count} edges; {MaxEdges} are allowed.", "Split it into several DAGs.");
        }

        if (spec.Retries is < 0 or > MaxRetries)
        {
            throw Refuse($"retries is {spec.Retries}; it must be from 0 to {MaxRetries}.");
        }

        if (spec.Timeout.Span <= TimeSpan.Zero || spec.Timeout.Span > MaxTimeout)
        {
            throw Refuse($"timeout is {spec.Timeout}; it must be above 0 and at most 24h.");
        }

        if (!Enum.IsDefined(spec.Consistency) || !Enum.IsDefined(spec.Placement))
        {
            throw Refuse("consistency or placement has a value that does not exist.");
        }

        if (spec.Nodes.Contains(null!) || spec.Edges.Contains(null!))
        {
            throw Refuse("A node or an edge is null.", "Write each as an object.");
        }

        foreach (var node in spec.Nodes)
        {
            if (node.Retries is < 0 or > MaxRetries)
            {
                throw Refuse($"retries of the node '{ResourceName.Shorten(node.Name)}' is {node.Retries}; it must be from 0 to {MaxRetries}.");
            }

            if (node.Timeout is { } timeout && (timeout.Span <= TimeSpan.Zero || timeout.Span > MaxTimeout))
            {
                throw Refuse($"timeout of the node '{ResourceName.Shorten(node.Name)}' is {timeout}; it must be above 0 and at most 24h.");
            }
        }
    }

    private static Dictionary<string, int> Places(IReadOnlyList<DagNode> nodes)
    {
        var places = new Dictionary<string, int>(nodes.Count, StringComparer.Ordinal);
        for (var i = 0; i < nodes.Count; i++)
        {
            if (!ResourceName.TryParse(nodes[i].Name, out _))
            {
                throw Refuse($"'{ResourceName.Shorten(nodes[i].Name)}' is no valid name of a node.", $"Use {ResourceName.Rule}.");
            }

            if (!places.TryAdd(nodes[i].Name, i))
            {
                throw Refuse($"Two nodes are called '{nodes[i].Name}'.", "Give each a name of its own.");
            }
        }

        return places;
    }

    private static DagLink[] Links(DagSpec spec, Dictionary<string, int> places, out List<string>[] inputs)
    {
        inputs = new List<string>[spec.Nodes.Count];
        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i] = [];
        }

        var links = new DagLink[spec.Edges.Count];
        for (var i = 0; i < links.Length; i++)
        {
            var edge = spec.Edges[i];
            var (from, to) = (Place(edge.From, edge, places), Place(edge.To, edge, places));
            if (from == to)
            {
                throw Refuse($"The node '{edge.From}' follows itself.", "Remove the edge.");
            }

            var name = edge.As ?? edge.From;
            CheckInputName(name, $"as of the edge from '{edge.From}' to '{edge.To}'");
            if (inputs[to].Contains(name, StringComparer.Ordinal))
            {
                throw Refuse($"Two edges to '{edge.To}' bring an input called '{name}'.", "Give one of them another name with `as`.");
            }

            inputs[to].Add(name);
            var when = edge.When is { } condition ? DagCondition.Read(condition, $"The condition of the edge from '{edge.From}' to '{edge.To}'") : null;
            links[i] = new DagLink(from, to, inputs[to].Count - 1, when);
        }

        return links;
    }

    private static int Place(string name, DagEdge edge, Dictionary<string, int> places) => places.TryGetValue(name ?? "", out var place)
        ? place
        : throw Refuse($"The edge from '{ResourceName.Shorten(edge.From)}' to '{ResourceName.Shorten(edge.To)}' names the node '{ResourceName.Shorten(name)}', which does not exist.", "Add the node, or mend the name.");

    private static void CheckInputName(string name, string what)
    {
        if (name.Length is 0 or > ResourceName.MaxLength || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            throw Refuse($"'{ResourceName.Shorten(name)}', {what}, is no name of an input.", "Use 1 to 63 letters, digits, hyphens or underscores.");
        }
    }

    // Without cycles every node is reached from some node that nothing leads to. One that is tied to nothing while others are is a forgotten edge.
    private static void CheckReached(DagSpec spec, List<string>[] inputs, ILookup<int, DagLink> next)
    {
        if (spec.Edges.Count == 0)
        {
            return;
        }

        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].Count == 0 && !next.Contains(i))
            {
                throw Refuse($"The node '{spec.Nodes[i].Name}' is unreachable: no edge leads to it, and none from it.", "Add an edge, or remove the node.");
            }
        }
    }

    private static (ResourceName Function, string? Qualifier) Function(DagNode node)
    {
        var text = node.Function;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var qualifier = colon < 0 ? null : text[(colon + 1)..];
        return ResourceName.TryParse(colon < 0 ? text : text[..colon], out var function) && (qualifier is null || ResourceName.TryParse(qualifier, out _))
            ? (function, qualifier)
            : throw Refuse($"'{ResourceName.Shorten(text)}' of the node '{node.Name}' names no function.", "Write name, name:alias or name:version.");
    }

    private static string[] References(DagNode node, List<string> inputs)
    {
        if (node.References.Count > MaxReferences)
        {
            throw Refuse($"The node '{node.Name}' has {node.References.Count} references; {MaxReferences} are allowed.");
        }

        foreach (var (name, key) in node.References)
        {
            CheckInputName(name, $"a reference of the node '{node.Name}'");
            if (inputs.Count == 0 ? name == DagGraph.RunInput : inputs.Contains(name, StringComparer.Ordinal))
            {
                throw Refuse($"The node '{node.Name}' has an input and a reference called '{name}'.", "Give one of them another name.");
            }

            if (string.IsNullOrEmpty(key) || System.Text.Encoding.UTF8.GetByteCount(key) > MaxKeyBytes || key.Any(char.IsControl))
            {
                throw Refuse($"The reference '{name}' of the node '{node.Name}' is no key of shared state.", string.Create(CultureInfo.InvariantCulture, $"Use 1 to {MaxKeyBytes} bytes of UTF-8 without control characters."));
            }
        }

        return [.. node.References.Values.Distinct(StringComparer.Ordinal)];
    }

    private static int? Output(DagSpec spec, Dictionary<string, int> places, DagStep[] steps, int[] sinks)
    {
        if (spec.Output is null)
        {
            return sinks.Length == 1 ? sinks[0] : null;
        }

        if (!places.TryGetValue(spec.Output, out var output))
        {
            throw Refuse($"output names the node '{ResourceName.Shorten(spec.Output)}', which does not exist.", $"Name one of {Names(sinks, steps)}.");
        }

        return steps[output].IsSink
            ? output
            : throw Refuse($"output names the node '{spec.Output}', whose result goes on to '{steps[steps[output].Next[0].To].Name}'.", $"Name a node that nothing follows: {Names(sinks, steps)}.");
    }

    private static string Names(int[] sinks, DagStep[] steps) => string.Join(", ", sinks.Take(10).Select(sink => steps[sink].Name));
}
