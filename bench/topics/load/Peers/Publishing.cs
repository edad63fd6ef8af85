using System.Buffers.Binary;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>A producer's connection. Its messages are acknowledged in their order.</summary>
internal abstract class Publishing(Wire wire, int size, int batch) : IDisposable
{
    private readonly byte[] _payload = RandomBytes(size);

    /// <summary>Its connection.</summary>
    public Wire Wire => wire;

    /// <summary>How many messages one send holds.</summary>
    public int Batch => batch;

    /// <summary>The most bytes that one send takes.</summary>
    public int MaxFrame => (batch * (size + 32)) + 512;

    /// <summary>A message's payload; its first eight bytes are when it was to be sent.</summary>
    protected Span<byte> Payload => _payload;

    /// <summary>Writes one send; gives its length.</summary>
    public abstract int Write(Span<byte> target, long stamp);

    /// <summary>Reads what the server has answered.</summary>
    /// <returns>How many bytes are done with, and how many sends they acknowledge.</returns>
    public abstract (int Consumed, int Acknowledged) Read(ReadOnlySpan<byte> received);

    /// <summary>Writes what the server is owed besides messages; gives its length.</summary>
    public virtual int WriteReplies(Span<byte> target) => 0;

    public void Dispose() => wire.Dispose();

    protected void Stamp(long stamp) => BinaryPrimitives.WriteInt64LittleEndian(_payload, stamp);

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
