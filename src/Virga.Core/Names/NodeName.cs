namespace Virga.Core.Names;

/// <summary>The name of one node of a cluster: the same rule as for <see cref="ResourceName"/>, since it becomes a part of addresses and ids.</summary>
/// <param name="Name">The name.</param>
public readonly record struct NodeName(ResourceName Name) : IComparable<NodeName>
{
    /// <summary>The node that knows no other.</summary>
    public static NodeName Single { get; } = new(ResourceName.Parse("single"));

    /// <summary>The name as text.</summary>
    public string Value => Name.Value;

    /// <summary>Reads a name.</summary>
    /// <exception cref="FormatException">The text breaks <see cref="ResourceName.Rule"/>.</exception>
    public static NodeName Parse(string text) => new(ResourceName.Parse(text));

    /// <inheritdoc/>
    public int CompareTo(NodeName other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Name.ToString();

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator <(NodeName left, NodeName right) => left.CompareTo(right) < 0;

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator <=(NodeName left, NodeName right) => left.CompareTo(right) <= 0;

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator >(NodeName left, NodeName right) => left.CompareTo(right) > 0;

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator >=(NodeName left, NodeName right) => left.CompareTo(right) >= 0;
}
