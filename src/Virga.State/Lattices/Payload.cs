namespace Virga.State.Lattices;

/// <summary>A user's value as it is stored and sent: one byte that says what it is, then its bytes.</summary>
/// <param name="Bytes">The tag and the content; not empty.</param>
public readonly record struct Payload(ReadOnlyMemory<byte> Bytes) : IComparable<Payload>
{
    /// <summary>The greatest size of a value, its tag included, in bytes.</summary>
    public const int MaxBytes = (16 << 20) + 1;

    /// <summary>What the content is.</summary>
    public PayloadTag Tag => (PayloadTag)Bytes.Span[0];

    /// <summary>The content without its tag.</summary>
    public ReadOnlyMemory<byte> Content => Bytes[1..];

    /// <summary>A value of a tag and a content; copies it.</summary>
    public static Payload Of(PayloadTag tag, ReadOnlySpan<byte> content)
    {
        var bytes = new byte[content.Length + 1];
        bytes[0] = (byte)tag;
        content.CopyTo(bytes.AsSpan(1));
        return new Payload(bytes);
    }

    /// <inheritdoc/>
    public bool Equals(Payload other) => Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes.Span);
        return hash.ToHashCode();
    }

    /// <summary>Order by bytes, the tag first: bytes, then JSON, then text.</summary>
    public int CompareTo(Payload other) => Bytes.Span.SequenceCompareTo(other.Bytes.Span);

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <(Payload left, Payload right) => left.CompareTo(right) < 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <=(Payload left, Payload right) => left.CompareTo(right) <= 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >(Payload left, Payload right) => left.CompareTo(right) > 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >=(Payload left, Payload right) => left.CompareTo(right) >= 0;
}
