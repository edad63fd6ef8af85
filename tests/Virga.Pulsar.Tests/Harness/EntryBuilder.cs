using System.Buffers.Binary;
using Virga.Topics.Messages;
using Virga.Topics.Wire;

namespace Virga.Pulsar.Tests.Harness;

/// <summary>Entries with metadata that our own producers do not write.</summary>
internal static class EntryBuilder
{
    private const int Head = 6;

    /// <summary>An entry with one more field of bytes in its metadata.</summary>
    public static byte[] With(byte[] entry, int field, ReadOnlySpan<byte> value)
    {
        var size = ProtoSize.Bytes(field, value.Length);
        var metadata = BinaryPrimitives.ReadInt32BigEndian(entry.AsSpan(Head));
        var added = new byte[entry.Length - Head + size];
        BinaryPrimitives.WriteInt32BigEndian(added, metadata + size);
        entry.AsSpan(Head + 4, metadata).CopyTo(added.AsSpan(4));
        new ProtoWriter(added.AsSpan(4 + metadata, size)).Bytes(field, value);
        entry.AsSpan(Head + 4 + metadata).CopyTo(added.AsSpan(4 + metadata + size));
        return MessageCodec.Sealed(added);
    }
}
