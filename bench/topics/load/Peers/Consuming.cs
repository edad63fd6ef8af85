using System.Buffers.Binary;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>A consumer's connection.</summary>
internal abstract class Consuming(Wire wire) : IDisposable
{
    /// <summary>Its connection.</summary>
    public Wire Wire => wire;

    /// <summary>How many messages have come.</summary>
    public long Messages { get; protected set; }

    /// <summary>Their payloads, in bytes.</summary>
    public long Bytes { get; protected set; }

    /// <summary>Takes the stamp of each message that has one of its own.</summary>
    public Action<long>? Stamped { get; set; }

    /// <summary>Reads what has come; gives how many bytes are done with.</summary>
    public abstract int Read(ReadOnlyMemory<byte> received);

    /// <summary>Writes what the server is owed, such as acknowledgements and room for more; gives its length.</summary>
    public abstract int WriteReplies(Span<byte> target);

    public void Dispose() => wire.Dispose();

    protected void Take(ReadOnlySpan<byte> payload, int messages)
    {
        Messages += messages;
        Bytes += payload.Length;
        if (Stamped is { } stamped && payload.Length >= sizeof(long))
        {
            stamped(BinaryPrimitives.ReadInt64LittleEndian(payload));
        }
    }
}
