using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Placement;

/// <summary>
/// Where one call runs (Cloudburst's policy: Sreekanti et al., VLDB 2020, section 4.3): on the node that has most of its keys, else near where its input is; a busy node is avoided
/// while another is not, and a share of the calls by key goes anywhere, so that hot keys come to be on more nodes. Pure: the same values and draws give the same node.
/// </summary>
internal static class NodeChoice
{
    /// <summary>Which part of the calls whose keys some node has goes to any node.</summary>
    public const double RandomShare = 0.2;

    /// <param name="keys">The keys that the call refers to.</param>
    /// <param name="near">Where its input is.</param>
    /// <param name="view">Who is alive.</param>
    /// <param name="holders">Gives the nodes that have a key in memory.</param>
    /// <param name="isAvoided">Whether a node is, or was lately, too busy.</param>
    /// <param name="draw">Gives numbers from 0 up to 1.</param>
    public static NodeName Of(
        IReadOnlyList<string> keys, NodeName near, ClusterView view, Func<string, IReadOnlyList<NodeName>> holders, Func<ClusterMember, bool> isAvoided, Func<double> draw)
    {
        var open = new List<ClusterMember>(view.Members.Count);
        foreach (var member in view.Members)
        {
            if (!isAvoided(member))
            {
                open.Add(member);
            }
        }

        // When all are busy load decides nothing: calls go where they are cheapest, and that node's own queue presses back.
        if (open.Count == 0)
        {
            open.AddRange(view.Members);
        }

        if (keys.Count > 0 && Count(keys, open, holders) is { } counts)
        {
            return draw() < RandomShare ? open[(int)(draw() * open.Count)].Name : Best(open, counts, near);
        }

        return Best(open, null, near);
    }

    // How many of the keys each node has; null when none has any.
    private static int[]? Count(IReadOnlyList<string> keys, List<ClusterMember> open, Func<string, IReadOnlyList<NodeName>> holders)
    {
        int[]? counts = null;
        foreach (var key in keys)
        {
            foreach (var holder in holders(key))
            {
                if (open.FindIndex(member => member.Name == holder) is >= 0 and var at)
                {
                    counts ??= new int[open.Count];
                    counts[at]++;
                }
            }
        }

        return counts;
    }

    // Of equally good ones the near one, which needs no hand-over, then the least loaded.
    private static NodeName Best(List<ClusterMember> open, int[]? counts, NodeName near)
    {
        var best = 0;
        for (var i = 1; i < open.Count; i++)
        {
            var order = counts is null ? 0 : counts[i].CompareTo(counts[best]);
            order = order != 0 ? order : (open[i].Name == near).CompareTo(open[best].Name == near);
            order = order != 0 ? order : open[best].Load.CompareTo(open[i].Load);
            best = order > 0 ? i : best;
        }

        return open[best].Name;
    }
}
