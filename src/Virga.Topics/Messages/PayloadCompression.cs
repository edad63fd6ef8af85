using System.IO.Compression;
using K4os.Compression.LZ4;
using Snappier;
using ZstdSharp;

namespace Virga.Topics.Messages;

/// <summary>Compresses payloads and expands them, as Pulsar's clients do: bare LZ4 blocks, zlib streams, Zstandard frames, bare Snappy blocks.</summary>
internal static class PayloadCompression
{
    // A context of Zstandard is some 100 kB and needs to be made once only.
    [ThreadStatic]
    private static Decompressor? t_zstdDecompressor;

    [ThreadStatic]
    private static Compressor? t_zstdCompressor;

    /// <summary>Expands a payload.</summary>
    /// <param name="compression">How it is compressed.</param>
    /// <param name="payload">What is compressed.</param>
    /// <param name="size">The length that it must have afterwards; the caller has made sure that so much may be allocated.</param>
    /// <exception cref="MalformedMessageException">It is not what it says.</exception>
    public static ReadOnlyMemory<byte> Expand(MessageCompression compression, ReadOnlyMemory<byte> payload, int size)
    {
        if (compression == MessageCompression.None)
        {
            return payload;
        }

        if (!IsPossible(compression, payload.Length, size))
        {
            throw Wrong(compression, size);
        }

        var expanded = new byte[size];
        int length;
        try
        {
            length = compression switch
            {
                MessageCompression.Lz4 => LZ4Codec.Decode(payload.Span, expanded),
                MessageCompression.Zlib => Inflate(payload, expanded),
                MessageCompression.Zstd => (t_zstdDecompressor ??= new Decompressor()).Unwrap(payload.Span, expanded),
                MessageCompression.Snappy => Snappy.TryDecompress(payload.Span, expanded, out var written) ? written : -1,
                _ => throw new MalformedMessageException($"The payload is compressed in a way that is not known: {(int)compression}."),
            };
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ZstdException or ArgumentException or IndexOutOfRangeException)
        {
            throw Wrong(compression, size, e);
        }

        return length == size ? expanded : throw Wrong(compression, size);
    }

    /// <summary>Compresses a payload.</summary>
    public static byte[] Compress(MessageCompression compression, ReadOnlySpan<byte> payload)
    {
        switch (compression)
        {
            case MessageCompression.None:
                return payload.ToArray();
            case MessageCompression.Lz4:
                var block = new byte[LZ4Codec.MaximumOutputSize(payload.Length)];
                return block[..LZ4Codec.Encode(payload, block)];
            case MessageCompression.Zlib:
                using (var target = new MemoryStream())
                {
                    using (var zlib = new ZLibStream(target, CompressionLevel.Fastest, leaveOpen: true))
                    {
                        zlib.Write(payload);
                    }

                    return target.ToArray();
                }

            case MessageCompression.Zstd:
                return (t_zstdCompressor ??= new Compressor()).Wrap(payload).ToArray();
            case MessageCompression.Snappy:
                return Snappy.CompressToArray(payload);
            default:
                throw new ArgumentOutOfRangeException(nameof(compression), compression, "No such compression.");
        }
    }

    // No block of these formats expands further than this: a few bytes cannot have the size that they say, and so much is not allocated for them. Zstandard has no such bound.
    private static bool IsPossible(MessageCompression compression, int length, int size)
    {
        const int most = 1100;
        return length > 0 && (compression == MessageCompression.Zstd || size <= (long)length * most);
    }

    private static int Inflate(ReadOnlyMemory<byte> payload, Span<byte> target)
    {
        using var source = new MemoryStream(payload.ToArray(), writable: false);
        using var zlib = new ZLibStream(source, CompressionMode.Decompress);
        var length = zlib.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        Span<byte> more = stackalloc byte[1];
        return zlib.Read(more) == 0 ? length : -1;
    }

    private static MalformedMessageException Wrong(MessageCompression compression, int size, Exception? cause = null)
    {
        var text = $"The payload is not what it says: {compression} of {size} bytes.";
        return cause is null ? new MalformedMessageException(text) : new MalformedMessageException(text, cause);
    }
}
