using Virga.Composition.Placement;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;

namespace Virga.Composition.Dags.Plans;

/// <summary>Steps go where their keys are, else where their first input is made, so that as little as possible crosses between nodes.</summary>
public sealed class DagPlacementPolicy(PlacementRules rules) : IDagPlacement
{
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

    private void Near(DagGraph graph, ClusterView view, NodeName origin, Func<string, IReadOnlyList<NodeName>> holders, NodeName[] nodes)
    {
        var before = new int[graph.Steps.Count];
        Array.Fill(before, -1);
        foreach (var place in graph.Order)
        {
            var step = graph.Steps[place];
            nodes[place] = NodeChoice.Of(step.References, before[place] < 0 ? origin : nodes[before[place]], view, holders, rules.IsAvoided, rules.Draw);
            foreach (var link in step.Next)
            {
                before[link.To] = before[link.To] < 0 || link.Input == 0 ? place : before[link.To];
            }
        }
    }
}
