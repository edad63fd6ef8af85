using System.Text.Json;

namespace Virga.Core.Resources;

/// <summary>One node's result as another one's input.</summary>
public sealed record DagEdge
{
    /// <summary>The node whose result it is.</summary>
    public required string From { get; init; }

    /// <summary>The node whose input it becomes.</summary>
    public required string To { get; init; }

    /// <summary>The input's name where the node has several; null for the name of <see cref="From"/>.</summary>
    public string? As { get; init; }

    /// <summary>A condition on the result: where that does not hold, nothing goes along the edge. Null for none.</summary>
    public JsonElement? When { get; init; }
}
