namespace Virga.Core.Dags;

/// <summary>A DAG that keeps all rules, worked out once per version. Immutable.</summary>
public sealed class DagGraph
{
    /// <summary>The name under which a step with references gets the run's own input.</summary>
    public const string RunInput = "input";

    /// <summary>The steps, each at its place.</summary>
    public required IReadOnlyList<DagStep> Steps { get; init; }

    /// <summary>The places of the steps, none before one that it follows.</summary>
    public required IReadOnlyList<int> Order { get; init; }

    /// <summary>The steps that get the run's input.</summary>
    public required IReadOnlyList<int> Entries { get; init; }

    /// <summary>The steps that nothing follows.</summary>
    public required IReadOnlyList<int> Sinks { get; init; }

    /// <summary>The step whose result is the run's; null for an object of all sinks' results.</summary>
    public required int? Output { get; init; }
}
