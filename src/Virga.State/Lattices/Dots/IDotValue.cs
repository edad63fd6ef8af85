using System.Buffers;
using Virga.State.Binary;

namespace Virga.State.Lattices.Dots;

/// <summary>What an update says of its element, besides that it is there.</summary>
internal interface IDotValue<TSelf>
    where TSelf : struct, IDotValue<TSelf>
{
    /// <summary>Bytes that it takes.</summary>
    static abstract int Bytes { get; }

    static abstract TSelf Read(ref ByteReader reader);

    void WriteTo(IBufferWriter<byte> output);
}
