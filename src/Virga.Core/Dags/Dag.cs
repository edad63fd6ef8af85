using Virga.Core.Resources;

namespace Virga.Core.Dags;

/// <summary>One version of a DAG, ready to run. Immutable.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Version">Counts its changes.</param>
/// <param name="Spec">What the user asked for.</param>
/// <param name="Graph">The same, checked and worked out.</param>
public sealed record Dag(DagName Name, long Version, DagSpec Spec, DagGraph Graph);
