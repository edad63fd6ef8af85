namespace Virga.Topics.Schemas.Avro;

/// <summary>A type of Avro, as far as it matters for whether one schema can read what another has written: logical types, orders and the values of defaults do not.</summary>
internal sealed class AvroType(AvroKind kind)
{
    /// <summary>What it is.</summary>
    public AvroKind Kind => kind;

    /// <summary>Of a record, enum or fixed: its name without the namespace.</summary>
    public string Name { get; init; } = "";

    /// <summary>Of a record, enum or fixed: other names, without namespaces, by which a reader knows it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Of a record; set when it has been read, since fields may have the record's own type.</summary>
    public IReadOnlyList<AvroField> Fields { get; set; } = [];

    /// <summary>Of an enum.</summary>
    public IReadOnlySet<string> Symbols { get; init; } = new HashSet<string>(0);

    /// <summary>Of an enum: whether a reader knows what to take for a symbol that it does not have.</summary>
    public bool HasDefault { get; init; }

    /// <summary>Of a fixed: how many bytes.</summary>
    public int Size { get; init; }

    /// <summary>The items of an array, the values of a map, the branches of a union.</summary>
    public IReadOnlyList<AvroType> Parts { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Name.Length > 0 ? $"{Kind.ToString().ToLowerInvariant()} {Name}" : Kind.ToString().ToLowerInvariant();
}
