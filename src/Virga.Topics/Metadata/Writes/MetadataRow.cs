namespace Virga.Topics.Metadata.Writes;

/// <summary>A key that a transaction concerns: how it was found, and what becomes of it.</summary>
internal sealed class MetadataRow(MetadataKey key)
{
    public MetadataKey Key { get; } = key;

    /// <summary>The version that is stored; 0 when there is none.</summary>
    public long Stored { get; set; }

    /// <summary>The version that will be stored; 0 to delete it.</summary>
    public long Version { get; set; }

    public ReadOnlyMemory<byte> Value { get; set; }

    /// <summary>Whether anything was written to it: the version alone does not say so, as it may have been deleted and made again.</summary>
    public bool IsWritten { get; set; }
}
