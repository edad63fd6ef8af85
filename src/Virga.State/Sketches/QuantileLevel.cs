using System.Runtime.InteropServices;

namespace Virga.State.Sketches;

/// <summary>One level of a <see cref="QuantileSketch"/>.</summary>
/// <param name="Stamp">How many numbers had been added when it last changed; 0 when it is not known.</param>
/// <param name="Items">Its numbers in order; each stands for as many as the level says.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct QuantileLevel(ulong Stamp, double[] Items)
{
    public static readonly QuantileLevel Unknown = new(0, []);

    /// <summary>Which of two states of one level is the later; 0 for equal ones.</summary>
    public static int Compare(in QuantileLevel a, in QuantileLevel b)
    {
        var order = a.Stamp.CompareTo(b.Stamp);
        return order != 0 ? order : a.Items.AsSpan().SequenceCompareTo(b.Items);
    }
}
