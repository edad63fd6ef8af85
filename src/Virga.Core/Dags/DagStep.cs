using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Core.Dags;

/// <summary>A node of a graph with all that can be worked out before it runs.</summary>
public sealed class DagStep
{
    /// <summary>Its place among the steps: that of its node in the spec.</summary>
    public required int Index { get; init; }

    /// <summary>What the user asked for.</summary>
    public required DagNode Node { get; init; }

    /// <summary>The function that it calls.</summary>
    public required ResourceName Function { get; init; }

    /// <summary>Alias or version number; null for the live version.</summary>
    public required string? Qualifier { get; init; }

    /// <summary>What must hold of its input; null for nothing.</summary>
    public required DagCondition? When { get; init; }

    /// <summary>Its inputs' names; empty for a step that gets the run's own input.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The keys that its input refers to.</summary>
    public required IReadOnlyList<string> References { get; init; }

    /// <summary>Where its results go.</summary>
    public required IReadOnlyList<DagLink> Next { get; init; }

    /// <summary>The longest way to it, in steps; 0 for one that gets the run's input.</summary>
    public required int Layer { get; init; }

    /// <summary>What it is called.</summary>
    public string Name => Node.Name;

    /// <summary>Whether it gets the run's own input.</summary>
    public bool IsEntry => Inputs.Count == 0;

    /// <summary>Whether nothing follows it.</summary>
    public bool IsSink => Next.Count == 0;

    /// <summary>Whether its body is an object of inputs and references by name, and not its one input as it is.</summary>
    public bool TakesObject => Inputs.Count > 1 || Node.References.Count > 0;
}
