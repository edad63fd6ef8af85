using System.Buffers;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Sketches;
using Virga.State.Time;

namespace Virga.State.Binary;

/// <summary>The binary form of lattices: the kind, then what the lattice writes. <c>docs/state.md</c> has it byte by byte.</summary>
public static class LatticeEncoding
{
    /// <summary>Writes a lattice.</summary>
    public static void Write(IBufferWriter<byte> output, Lattice lattice)
    {
        output.WriteByte((byte)lattice.Kind);
        lattice.WriteTo(output);
    }

    /// <summary>Reads a lattice to the end of the bytes.</summary>
    /// <exception cref="StateEncodingException">The bytes are no lattice.</exception>
    public static Lattice Read(ReadOnlySpan<byte> bytes) => Read(bytes, 0);

    /// <summary>The same of a lattice that stands so many maps deep.</summary>
    internal static Lattice Read(ReadOnlySpan<byte> bytes, int depth)
    {
        var reader = new ByteReader(bytes);
        var kind = (LatticeKind)reader.ReadByte();
        Lattice lattice = kind switch
        {
            LatticeKind.Lww => new LwwRegister(new HybridTimestamp(reader.ReadUInt64()), new ReplicaId(reader.ReadUInt64()), ReadPayload(reader.Take(reader.Rest.Length))),
            LatticeKind.Causal => CausalRegister.Read(ref reader),
            LatticeKind.Counter => CounterLattice.Read(ref reader),
            LatticeKind.GrowSet => GrowSetLattice.Read(ref reader),
            LatticeKind.Set => SetLattice.Read(ref reader),
            LatticeKind.OrderedSet => OrderedSetLattice.Read(ref reader),
            LatticeKind.Map => MapLattice.Read(ref reader, depth),
            LatticeKind.Max => new MaxLattice(NumberEncoding.Read(ref reader)),
            LatticeKind.Min => new MinLattice(NumberEncoding.Read(ref reader)),
            LatticeKind.Flag => FlagLattice.Raised,
            LatticeKind.Log => LogLattice.Read(ref reader),
            LatticeKind.HyperLogLog => SketchLattice<HyperLogLog>.Read(kind, ref reader),
            LatticeKind.CountMin => SharedSketchLattice<CountMinSketch>.Read(kind, ref reader),
            LatticeKind.Quantiles => SharedSketchLattice<QuantileSketch>.Read(kind, ref reader),
            LatticeKind.TopK => SharedSketchLattice<TopKSketch>.Read(kind, ref reader),
            LatticeKind.Bloom => SketchLattice<BloomFilter>.Read(kind, ref reader),
            LatticeKind.Theta => SketchLattice<ThetaSketch>.Read(kind, ref reader),
            LatticeKind.Reservoir => SketchLattice<ReservoirSample>.Read(kind, ref reader),
            _ => throw new StateEncodingException($"There is no lattice of kind {(byte)kind}."),
        };
        return reader.IsAtEnd ? lattice : throw new StateEncodingException($"{reader.Rest.Length} bytes follow a lattice.");
    }

    /// <summary>A payload that fills the bytes.</summary>
    public static Payload ReadPayload(ReadOnlySpan<byte> bytes) => bytes.Length > 0 && bytes[0] <= (byte)PayloadTag.Text
        ? new Payload(bytes.ToArray())
        : throw new StateEncodingException("A value has no known tag.");
}
