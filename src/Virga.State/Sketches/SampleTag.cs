using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Virga.State.Sketches;

/// <summary>Names one addition among all of all writers, so that what is merged twice counts once.</summary>
/// <param name="At">When it was: of one writer no two have the same.</param>
/// <param name="Writer">Who added.</param>
/// <param name="Sequence">Which one of what was added at once.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SampleTag(ulong At, ulong Writer, ulong Sequence) : IComparable<SampleTag>
{
    /// <summary>A number from 0 to 1, neither included, that looks like chance and is the same wherever it is asked for.</summary>
    public double Lot
    {
        get
        {
            Span<byte> bytes = stackalloc byte[24];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, At);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Writer);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Sequence);
            return ((XxHash64.Of(bytes) >> 11) + 0.5) / (1UL << 53);
        }
    }

    /// <inheritdoc/>
    public int CompareTo(SampleTag other)
    {
        var order = At.CompareTo(other.At);
        order = order != 0 ? order : Writer.CompareTo(other.Writer);
        return order != 0 ? order : Sequence.CompareTo(other.Sequence);
    }

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <(SampleTag left, SampleTag right) => left.CompareTo(right) < 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <=(SampleTag left, SampleTag right) => left.CompareTo(right) <= 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >(SampleTag left, SampleTag right) => left.CompareTo(right) > 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >=(SampleTag left, SampleTag right) => left.CompareTo(right) >= 0;
}
