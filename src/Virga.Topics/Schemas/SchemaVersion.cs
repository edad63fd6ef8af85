namespace Virga.Topics.Schemas;

/// <summary>One version of a topic's schema.</summary>
/// <param name="Version">Its number, from 0; Pulsar's clients have it as eight bytes, big-endian.</param>
/// <param name="Definition">The schema; null where this version says that the schema was deleted.</param>
/// <param name="AddedAt">When it was registered, in milliseconds since 1970.</param>
public sealed record SchemaVersion(long Version, SchemaDefinition? Definition, long AddedAt);
