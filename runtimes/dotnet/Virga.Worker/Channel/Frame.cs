namespace Virga.Worker.Channel;

/// <summary>A frame in the reader's buffer: valid until the next one is read.</summary>
internal readonly ref struct Frame(FrameKind kind, uint call, ReadOnlySpan<byte> payload, int headerLength)
{
    public FrameKind Kind { get; } = kind;

    public uint Call { get; } = call;

    /// <summary>Header and body, one after the other.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;

    public int HeaderLength { get; } = headerLength;

    public ReadOnlySpan<byte> Header => Payload[..HeaderLength];

    public ReadOnlySpan<byte> Body => Payload[HeaderLength..];
}
