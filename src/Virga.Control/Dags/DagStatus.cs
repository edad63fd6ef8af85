namespace Virga.Control.Dags;

/// <summary>What Virga says of a DAG.</summary>
/// <param name="Url">Its path at the gateway.</param>
/// <param name="MissingFunctions">Functions of it that do not exist any more: its runs fail at them.</param>
public sealed record DagStatus(string Url, IReadOnlyList<string> MissingFunctions);
