using System.Buffers;
using Virga.State.Binary;

namespace Virga.State.Sketches;

/// <summary>
/// A summary of many values in little memory, immutable, whose merging is associative, commutative and idempotent. It knows nothing of keys, records or nodes.
/// </summary>
/// <typeparam name="TSelf">The sketch itself.</typeparam>
public interface ISketch<TSelf>
    where TSelf : class, ISketch<TSelf>
{
    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    int MemoryBytes { get; }

    /// <summary>The size of its binary form in bytes, or a little more.</summary>
    int EncodedBytes { get; }

    /// <summary>The least upper bound of both. Gives <c>this</c> where the other adds nothing.</summary>
    TSelf Merge(TSelf other);

    /// <summary>Writes the binary form: equal contents have equal bytes.</summary>
    void WriteTo(IBufferWriter<byte> output);

    /// <summary>Reads the binary form.</summary>
    /// <exception cref="StateEncodingException">The bytes are no such sketch.</exception>
    static abstract TSelf Read(ref ByteReader reader);
}
