namespace Virga.Topics.Metadata;

/// <summary>One write of several that take effect together.</summary>
/// <param name="Key">Where: 1 to 1024 characters.</param>
/// <param name="Value">What; null to delete.</param>
/// <param name="Expected">The version that the key must have: 0 when it must not be there, null when that does not matter.</param>
public readonly record struct MetadataWrite(string Key, ReadOnlyMemory<byte>? Value, long? Expected);
