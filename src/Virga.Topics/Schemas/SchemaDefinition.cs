namespace Virga.Topics.Schemas;

/// <summary>A schema as a client registers it.</summary>
/// <param name="Name">Its name, as the client says it.</param>
/// <param name="Type">Its type, by the number of Pulsar's protocol (<c>Schema.Type</c>).</param>
/// <param name="Data">What defines it: JSON of Avro, a descriptor, or nothing for plain types.</param>
/// <param name="Properties">The client's own properties.</param>
public sealed record SchemaDefinition(string Name, int Type, ReadOnlyMemory<byte> Data, IReadOnlyList<KeyValuePair<string, string>> Properties)
{
    /// <summary>Whether two say the same.</summary>
    public bool Means(SchemaDefinition other) => Type == other.Type && Data.Span.SequenceEqual(other.Data.Span);
}
