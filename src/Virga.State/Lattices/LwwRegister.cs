using System.Buffers;
using System.Buffers.Binary;
using Virga.State.Keys;
using Virga.State.Time;

namespace Virga.State.Lattices;

/// <summary>A value with the time of its writing: the later one wins, of two of the same time that of the greater replica.</summary>
/// <param name="timestamp">When it was written.</param>
/// <param name="replica">Who wrote it.</param>
/// <param name="payload">The value.</param>
public sealed class LwwRegister(HybridTimestamp timestamp, ReplicaId replica, Payload payload) : Lattice
{
    private const int Overhead = 80;

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Lww;

    /// <summary>When it was written.</summary>
    public HybridTimestamp Timestamp { get; } = timestamp;

    /// <summary>Who wrote it.</summary>
    public ReplicaId Replica { get; } = replica;

    /// <summary>The value.</summary>
    public Payload Payload { get; } = payload;

    /// <inheritdoc/>
    public override int MemoryBytes => Overhead + Payload.Bytes.Length;

    /// <inheritdoc/>
    public override int EncodedBytes => 17 + Payload.Bytes.Length;

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var register = SameKind<LwwRegister>(other);
        var order = Timestamp.CompareTo(register.Timestamp);
        order = order != 0 ? order : Replica.CompareTo(register.Replica);

        // One replica never gives a reading twice; the payload decides all the same, so that merging is commutative whatever comes in.
        order = order != 0 ? order : Payload.Bytes.Span.SequenceCompareTo(register.Payload.Bytes.Span);
        return order >= 0 ? this : register;
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        var span = output.GetSpan(16);
        BinaryPrimitives.WriteUInt64LittleEndian(span, Timestamp.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(span[8..], Replica.Value);
        output.Advance(16);
        output.Write(Payload.Bytes.Span);
    }
}
