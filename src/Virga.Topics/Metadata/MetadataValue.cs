namespace Virga.Topics.Metadata;

/// <summary>What is stored under a key.</summary>
/// <param name="Bytes">The value.</param>
/// <param name="Version">Counts the writes of this key, from 1; a key that was deleted and made again goes on with a number never used before.</param>
public readonly record struct MetadataValue(ReadOnlyMemory<byte> Bytes, long Version);
