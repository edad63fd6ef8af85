namespace Virga.Topics.Metadata;

/// <summary>A conditional write found another version than it expected: somebody else has written. For the record of an owned topic it means that the topic has another owner.</summary>
public sealed class MetadataConflictException : Exception
{
    /// <summary>A conflict.</summary>
    /// <param name="key">Where.</param>
    /// <param name="expected">The version that was expected; 0 for none.</param>
    public MetadataConflictException(string key, long expected)
        : base($"'{key}' is not at version {expected} any more.") => Key = key;

    /// <summary>The key.</summary>
    public string Key { get; }
}
