using System.Text;
using Virga.Core.Storage;

namespace Virga.Topics.Metadata;

/// <summary>
/// A key as it is stored: its bytes in UTF-8, compared as bytes by SQLite (BLOB), PostgreSQL (bytea) and here alike, whatever characters it has. A first byte that UTF-8 never has
/// makes a key that no caller can name.
/// </summary>
internal readonly struct MetadataKey : IEquatable<MetadataKey>
{
    private const int MaxCharacters = 1024;

    // Greater than every byte of UTF-8.
    private const byte BeyondText = 0xFF;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public MetadataKey(byte[] bytes) => Bytes = bytes;

    public byte[] Bytes { get; }

    /// <summary>The order of the bytes.</summary>
    public static Comparer<MetadataKey> Order { get; } = Comparer<MetadataKey>.Create((a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes));

    /// <summary>The row that is written for each number of a ledger, or block of them: its version counts.</summary>
    public static MetadataKey LedgerNumbers { get; } = new([BeyondText, .. "ledgers"u8]);

    /// <exception cref="ArgumentException">It is empty, too long, or no text.</exception>
    public static MetadataKey Of(string key)
    {
        if (key.Length is 0 or > MaxCharacters)
        {
            throw new ArgumentException($"A key of the topics' metadata has 1 to {MaxCharacters} characters; this one has {key.Length}.", nameof(key));
        }

        return new MetadataKey(Encode(key));
    }

    /// <summary>The keys that begin with a prefix, behind another: from the first of the two on, below the second.</summary>
    /// <exception cref="ArgumentException">One of them is no text.</exception>
    public static (byte[] From, byte[] Below) Range(string prefix, string? after)
    {
        var from = Encode(prefix);

        // No byte of UTF-8 is the greatest there is: the last one can always be raised.
        var below = from.Length == 0 ? [BeyondText] : from.AsSpan().ToArray();
        if (from.Length > 0)
        {
            below[^1]++;
        }

        if (after is not null)
        {
            // Nothing is between a text and the same with a zero behind it.
            byte[] next = [.. Encode(after), 0];
            from = next.AsSpan().SequenceCompareTo(from) > 0 ? next : from;
        }

        return (from, below);
    }

    public bool Equals(MetadataKey other) => Bytes.AsSpan().SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is MetadataKey other && Equals(other);

    public override int GetHashCode() => (int)Crc32C.Of(Bytes);

    public override string ToString() => Encoding.UTF8.GetString(Bytes);

    private static byte[] Encode(string text)
    {
        try
        {
            return Utf8.GetBytes(text);
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException("A key of the topics' metadata has half of a surrogate pair in it.", nameof(text), exception);
        }
    }
}
