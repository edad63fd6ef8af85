using System.Buffers.Binary;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>A producer's connection. Its messages are acknowledged in their order.</summary>
internal abstract class Publishing(Wire wire, byte[] payload, int batch) : IDisposable
{
    /// <summary>Its connection.</summary>
    public Wire Wire => wire;

    /// <summary>How many messages one send holds.</summary>
    public int Batch => batch;

    /// <summary>The most bytes that one send takes.</summary>
    public int MaxFrame => (batch * (payload.Length + 32)) + 512;

    /// <summary>A message's payload; its first eight bytes are when it was to be sent, where that is asked for.</summary>
    protected Span<byte> Payload => payload;

    /// <summary>Writes one send; gives its length.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="stamp">When it was to be sent; 0 where the payload stays as it is.</param>
    public abstract int Write(Span<byte> target, long stamp);

    /// <summary>Reads what the server has answered.</summary>
    /// <returns>How many bytes are done with, and how many sends they acknowledge.</returns>
    public abstract (int Consumed, int Acknowledged) Read(ReadOnlySpan<byte> received);

    /// <summary>Writes what the server is owed besides messages; gives its length.</summary>
    public virtual int WriteReplies(Span<byte> target) => 0;

    public void Dispose() => wire.Dispose();

    protected static void Stamp(Span<byte> payload, long stamp)
    {
        if (stamp != 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(payload, stamp);
        }
    }

    /// <summary>So many times the same.</summary>
    protected static byte[] Repeat(byte[] payload, int times)
    {
        var all = new byte[payload.Length * times];
        for (var i = 0; i < times; i++)
        {
            payload.CopyTo(all, i * payload.Length);
        }

        return all;
    }
}
