using System.Buffers;
using System.Runtime.InteropServices;
using Virga.State.Binary;
using Virga.State.Time;

namespace Virga.State.Lattices.Dots;

/// <summary>A member's score and when it was set.</summary>
/// <param name="Value">Finite, and not the negative zero.</param>
/// <param name="At">When.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Score(double Value, HybridTimestamp At) : IDotValue<Score>
{
    public static int Bytes => 16;

    public static Score Read(ref ByteReader reader) => new(NumberEncoding.Read(ref reader), new HybridTimestamp(reader.ReadUInt64()));

    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteDouble(Value);
        output.WriteUInt64(At.Value);
    }
}
