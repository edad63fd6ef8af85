using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>The version of what a key holds: good for asking whether it still holds that, and for nothing else.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StateVersion
{
    internal const int Size = 16;

    private const int Digits = 16;

    private readonly ulong first;
    private readonly ulong second;

    internal StateVersion(ReadOnlySpan<byte> bytes)
        : this(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]))
    {
    }

    private StateVersion(ulong first, ulong second)
    {
        this.first = first;
        this.second = second;
    }

    /// <summary>The version of a key that does not exist.</summary>
    public static StateVersion None => default;

    /// <summary>Reads a version from the 32 hexadecimal digits that it is shown as.</summary>
    /// <param name="text">The digits.</param>
    /// <exception cref="FormatException">The text is no version.</exception>
    public static StateVersion Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length == 2 * Digits && TryParse(text.AsSpan(0, Digits), out ulong first) && TryParse(text.AsSpan(Digits), out ulong second)
            ? new StateVersion(first, second)
            : throw new FormatException($"'{text}' is no version: it has 32 hexadecimal digits, as ToString gives them.");
    }

    /// <summary>Its 32 hexadecimal digits.</summary>
    public override string ToString() => $"{first:x16}{second:x16}";

    internal void WriteTo(RequestWriter request)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, first);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[sizeof(ulong)..], second);
        request.Raw(bytes);
    }

    private static bool TryParse(ReadOnlySpan<char> digits, out ulong number) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
}
