namespace Virga.Core.Resources;

/// <summary>How many messages a call gets: what is there, up to one of the two limits.</summary>
public sealed record TriggerBatch
{
    /// <summary>Messages of one call. With 1 the function gets the message itself, else a list.</summary>
    public int MaxMessages { get; init; } = 1;

    /// <summary>Bytes of payload of one call, but for a message that alone has more.</summary>
    public ByteSize MaxBytes { get; init; } = ByteSize.FromMegabytes(1);

    /// <summary>How long the first message of a call waits for others.</summary>
    public Duration MaxWait { get; init; }
}
