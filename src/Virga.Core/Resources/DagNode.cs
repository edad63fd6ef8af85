using System.Text.Json;

namespace Virga.Core.Resources;

/// <summary>One function of a DAG.</summary>
public sealed record DagNode
{
    /// <summary>What it is called within the DAG; the rule is that of resource names.</summary>
    public required string Name { get; init; }

    /// <summary><c>name</c>, <c>name:alias</c> or <c>name:version</c> of a function in the DAG's namespace.</summary>
    public required string Function { get; init; }

    /// <summary>How often the function is called again when it fails.</summary>
    public int Retries { get; init; }

    /// <summary>How long one call of it may take; null for the function's own timeout.</summary>
    public Duration? Timeout { get; init; }

    /// <summary>Keys of shared state that it gets with its input, by the name under which it gets each.</summary>
    public IReadOnlyDictionary<string, string> References { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>A condition on its input: where that does not hold, the node is skipped. Null for none.</summary>
    public JsonElement? When { get; init; }
}
