namespace Virga.Topics.Messages;

/// <summary>How a payload is compressed; the numbers are those of Pulsar's protocol.</summary>
public enum MessageCompression
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>LZ4 blocks.</summary>
    Lz4 = 1,

    /// <summary>Deflate with zlib's header.</summary>
    Zlib = 2,

    /// <summary>Zstandard.</summary>
    Zstd = 3,

    /// <summary>Snappy.</summary>
    Snappy = 4,
}
