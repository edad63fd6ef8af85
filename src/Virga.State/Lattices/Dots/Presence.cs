using System.Buffers;
using Virga.State.Binary;

namespace Virga.State.Lattices.Dots;

/// <summary>An element is there, and nothing else is said of it.</summary>
internal readonly record struct Presence : IDotValue<Presence>
{
    public static int Bytes => 0;

    public static Presence Read(ref ByteReader reader) => default;

    public void WriteTo(IBufferWriter<byte> output)
    {
        // There is nothing to write.
    }
}
