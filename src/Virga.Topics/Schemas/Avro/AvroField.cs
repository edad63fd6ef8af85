namespace Virga.Topics.Schemas.Avro;

/// <summary>A field of a record.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Aliases">By which other names a reader knows it in what was written.</param>
/// <param name="Type">What is in it.</param>
/// <param name="HasDefault">Whether a reader knows what to take when it was not written.</param>
internal sealed record AvroField(string Name, IReadOnlyList<string> Aliases, AvroType Type, bool HasDefault);
