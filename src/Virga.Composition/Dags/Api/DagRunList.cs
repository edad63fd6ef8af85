namespace Virga.Composition.Dags.Api;

/// <summary>The remembered runs of a DAG, newest first.</summary>
/// <param name="Items">The runs.</param>
public sealed record DagRunList(IReadOnlyList<DagRunDocument> Items);
