using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Dags.Plans;

/// <summary>Decides which node runs which step. Asks nobody.</summary>
public interface IDagPlacement
{
    /// <summary>Plans one attempt of a run.</summary>
    /// <param name="dag">What is run.</param>
    /// <param name="view">Who is alive, and how busy.</param>
    /// <param name="origin">The node on which the run begins.</param>
    /// <param name="holders">Gives the nodes that have a key of the DAG's scope in memory.</param>
    DagPlan Plan(Dag dag, ClusterView view, NodeName origin, Func<string, IReadOnlyList<NodeName>> holders);
}
