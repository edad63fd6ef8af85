using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Dags.Plans;

/// <summary>Which node runs which step in one attempt of a run. Immutable; made at the attempt's beginning and sent with every hand-over.</summary>
public sealed class DagPlan
{
    private readonly NodeName[] _nodes;

    // Null when all steps are on the one node.
    private readonly ushort[]? _assigned;

    private DagPlan(NodeName[] nodes, ushort[]? assigned)
    {
        _nodes = nodes;
        _assigned = assigned;
    }

    /// <summary>The nodes that the plan needs, that of the run's beginning first.</summary>
    public IReadOnlyList<NodeName> Nodes => _nodes;

    /// <summary>Whether it needs one node alone.</summary>
    public bool IsLocal => _assigned is null;

    /// <summary>Everything on one node.</summary>
    public static DagPlan On(NodeName node) => new([node], null);

    /// <summary>A plan of one node per step.</summary>
    /// <param name="origin">Where the run begins.</param>
    /// <param name="nodes">The node of each step, by its place.</param>
    public static DagPlan Of(NodeName origin, IReadOnlyList<NodeName> nodes)
    {
        var distinct = new List<NodeName> { origin };
        var assigned = new ushort[nodes.Count];
        for (var i = 0; i < assigned.Length; i++)
        {
            var index = distinct.IndexOf(nodes[i]);
            if (index < 0)
            {
                index = distinct.Count;
                distinct.Add(nodes[i]);
            }

            assigned[i] = (ushort)index;
        }

        return distinct.Count == 1 ? On(origin) : new DagPlan([.. distinct], assigned);
    }

    /// <summary>The node of a step.</summary>
    public NodeName NodeOf(int step) => _nodes[_assigned?[step] ?? 0];

    /// <summary>The first of its nodes that a view lacks; null when all are alive.</summary>
    public NodeName? MissingFrom(ClusterView view)
    {
        foreach (var node in _nodes)
        {
            if (!view.Contains(node))
            {
                return node;
            }
        }

        return null;
    }

    internal ReadOnlySpan<ushort> Assigned => _assigned;

    internal static DagPlan Restore(NodeName[] nodes, ushort[] assigned) => new(nodes, assigned);
}
