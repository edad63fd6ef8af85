using System.Runtime.InteropServices;
using Virga.State.Lattices;

namespace Virga.State.Sketches;

/// <summary>A value of a <see cref="ReservoirSample"/>.</summary>
/// <param name="Priority">Its lot: the lesser stay.</param>
/// <param name="Tag">Which addition it is of.</param>
/// <param name="Value">The value.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SampledValue(double Priority, SampleTag Tag, Payload Value)
{
    /// <summary>Order by priority. Bytes that were damaged may give one addition twice; then the rest decides.</summary>
    public static int Compare(in SampledValue a, in SampledValue b)
    {
        var order = a.Priority.CompareTo(b.Priority);
        order = order != 0 ? order : a.Tag.CompareTo(b.Tag);
        return order != 0 ? order : a.Value.CompareTo(b.Value);
    }
}
