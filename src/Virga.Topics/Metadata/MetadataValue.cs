namespace Virga.Topics.Metadata;

/// <summary>What is stored under a key.</summary>
/// <param name="Bytes">The value.</param>
/// <param name="Version">
/// Grows by one with each write of this key. The first is 1, or more where keys were deleted: a key that was deleted and made again goes on with a number that it never had before.
/// </param>
public readonly record struct MetadataValue(ReadOnlyMemory<byte> Bytes, long Version);
