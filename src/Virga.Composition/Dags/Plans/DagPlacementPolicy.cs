using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;

namespace Virga.Composition.Dags.Plans;

/// <summary>
/// Steps go where their keys are, else where their first input is made, so that as little as possible crosses between nodes; a node that is busy is avoided while another
/// is not (Cloudburst's policy: Sreekanti et al., VLDB 2020, section 4.3).
/// </summary>
public sealed class DagPlacementPolicy : IDagPlacement
{
    /// <summary>Above this load a node is avoided.</summary>
    public const double BusyAbove = 0.7;

    /// <inheritdoc/>
    public DagPlan Plan(Dag dag, ClusterView view, NodeName origin, Func<string, IReadOnlyList<NodeName>> holders)
    {
        if (view.Members.Count <= 1)
        {
            return DagPlan.On(origin);
        }

        var nodes = new NodeName[dag.Graph.Steps.Count];
        if (dag.Spec.Placement == DagPlacement.Spread)
        {
            Spread(dag.Graph, view, origin, nodes);
        }
        else
        {
            Near(dag.Graph, view, origin, holders, nodes);
        }

        return DagPlan.Of(origin, nodes);
    }

    private static void Spread(DagGraph graph, ClusterView view, NodeName origin, NodeName[] nodes)
    {
        var start = 0;
        while (start < view.Members.Count && view.Members[start].Name != origin)
        {
            start++;
        }

        for (var i = 0; i < graph.Order.Count; i++)
        {
            nodes[graph.Order[i]] = view.Members[(start + i) % view.Members.Count].Name;
        }
    }

    private static void Near(DagGraph graph, ClusterView view, NodeName origin, Func<string, IReadOnlyList<NodeName>> holders, NodeName[] nodes)
    {
        var before = new int[graph.Steps.Count];
        Array.Fill(before, -1);
        foreach (var place in graph.Order)
        {
            var step = graph.Steps[place];
            var wanted = ByKeys(step, view, holders) ?? (before[place] < 0 ? origin : nodes[before[place]]);
            nodes[place] = IsBusy(view, wanted) ? LeastLoaded(view, wanted) : wanted;
            foreach (var link in step.Next)
            {
                before[link.To] = before[link.To] < 0 || link.Input == 0 ? place : before[link.To];
            }
        }
    }

    // The node that has most of the step's keys; of those with equally many the one with the least load.
    private static NodeName? ByKeys(DagStep step, ClusterView view, Func<string, IReadOnlyList<NodeName>> holders)
    {
        if (step.References.Count == 0)
        {
            return null;
        }

        var counts = new Dictionary<NodeName, int>();
        foreach (var key in step.References)
        {
            foreach (var holder in holders(key))
            {
                counts[holder] = counts.GetValueOrDefault(holder) + 1;
            }
        }

        ClusterMember? best = null;
        foreach (var member in view.Members)
        {
            var count = counts.GetValueOrDefault(member.Name);
            var most = best is null ? 0 : counts[best.Name];
            if (count > most || (count > 0 && count == most && member.Load < best!.Load))
            {
                best = member;
            }
        }

        return best?.Name;
    }

    private static bool IsBusy(ClusterView view, NodeName node) => view.Find(node) is not { } member || member.Load > BusyAbove;

    private static NodeName LeastLoaded(ClusterView view, NodeName wanted)
    {
        var best = view.Find(wanted);
        foreach (var member in view.Members)
        {
            // When all are busy nothing is won by going elsewhere.
            if (best is null || (member.Load <= BusyAbove && member.Load < best.Load))
            {
                best = member;
            }
        }

        return best?.Name ?? wanted;
    }
}
