using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.State.Records;

/// <summary>Names the content of a record: equal on all nodes exactly for equal contents.</summary>
/// <param name="Upper">The first half.</param>
/// <param name="Lower">The second half.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StateVersion(ulong Upper, ulong Lower)
{
    /// <summary>Bytes of its binary form: both halves, little-endian.</summary>
    public const int Bytes = 16;

    /// <summary>The version of a key that does not exist.</summary>
    public static StateVersion Absent => default;

    /// <summary>The version of a record: of a plain register its time and writer, which name it already; of all others a digest of their binary form.</summary>
    public static StateVersion Of(StateRecord record)
    {
        if (record is { Value: LwwRegister register, Expiry: null, Causality: null })
        {
            return new StateVersion(register.Timestamp.Value, register.Replica.Value);
        }

        if (record.Value is null)
        {
            return Absent;
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(RecordEncoding.ToBytes(record), digest);
        return new StateVersion(BinaryPrimitives.ReadUInt64LittleEndian(digest), BinaryPrimitives.ReadUInt64LittleEndian(digest[8..]));
    }

    /// <summary>Reads the text form.</summary>
    public static bool TryParse(string? text, out StateVersion version)
    {
        version = default;
        if (text is null || text.Length != 32
            || !ulong.TryParse(text.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var upper)
            || !ulong.TryParse(text.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var lower))
        {
            return false;
        }

        version = new StateVersion(upper, lower);
        return true;
    }

    /// <summary>Reads the binary form.</summary>
    public static StateVersion Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));

    /// <summary>Writes the binary form.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Upper);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Lower);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Upper:x16}{Lower:x16}";
}
