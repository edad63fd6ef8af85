using Virga.Core.Resources;

namespace Virga.Core.Dags;

/// <summary>An order of nodes in which none comes before one that it follows, and how far each is from the beginning.</summary>
internal sealed class DagOrder
{
    private const int MaxShown = 12;

    /// <summary>Finds it (Kahn, 1962).</summary>
    /// <exception cref="Problems.ProblemException"><c>invalid-dag</c> when nodes follow each other in a circle; it names them.</exception>
    public DagOrder(IReadOnlyList<DagNode> nodes, IReadOnlyList<DagLink> links)
    {
        Layers = new int[nodes.Count];
        var missing = new int[nodes.Count];
        var next = links.ToLookup(link => link.From, link => link.To);
        foreach (var link in links)
        {
            missing[link.To]++;
        }

        var ready = new Queue<int>(Enumerable.Range(0, nodes.Count).Where(node => missing[node] == 0));
        var places = new List<int>(nodes.Count);
        while (ready.TryDequeue(out var node))
        {
            places.Add(node);
            foreach (var to in next[node])
            {
                Layers[to] = Math.Max(Layers[to], Layers[node] + 1);
                if (--missing[to] == 0)
                {
                    ready.Enqueue(to);
                }
            }
        }

        if (places.Count < nodes.Count)
        {
            throw DagRules.Refuse($"The nodes {Circle(nodes, links, missing)} follow each other in a circle.", "Remove one of these edges.");
        }

        Places = places;
    }

    /// <summary>The order.</summary>
    public IReadOnlyList<int> Places { get; }

    /// <summary>For each node the longest way to it, in edges.</summary>
    public int[] Layers { get; }

    // Every node that is left waits for another one that is left: going back along those ends in a circle.
    private static string Circle(IReadOnlyList<DagNode> nodes, IReadOnlyList<DagLink> links, int[] missing)
    {
        var before = new int[nodes.Count];
        foreach (var link in links)
        {
            if (missing[link.From] > 0 && missing[link.To] > 0)
            {
                before[link.To] = link.From;
            }
        }

        var seen = new HashSet<int>();
        var node = Array.FindIndex(missing, count => count > 0);
        while (seen.Add(node))
        {
            node = before[node];
        }

        var circle = new List<string> { nodes[node].Name };
        for (var back = before[node]; back != node; back = before[back])
        {
            circle.Insert(0, nodes[back].Name);
        }

        circle.Insert(0, nodes[node].Name);
        return string.Join(" → ", circle.Count <= MaxShown ? circle : [.. circle.Take(MaxShown - 2), "…", circle[^1]]);
    }
}
