using System.Runtime.InteropServices;
using Virga.State.Lattices;

namespace Virga.State.Sketches;

/// <summary>One place of a <see cref="TopKSketch"/>.</summary>
/// <param name="Index">Which place.</param>
/// <param name="Item">The value that is counted there.</param>
/// <param name="Count">How often it was added, at most. A place's count only grows, whichever value it is of: of two states the greater is the later one.</param>
/// <param name="Error">How much of the count may be of values that stood there before.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TopKSlot(int Index, Payload Item, ulong Count, ulong Error)
{
    /// <summary>Which of two states of one place is the later; 0 for equal ones.</summary>
    public static int Compare(in TopKSlot a, in TopKSlot b)
    {
        var order = a.Count.CompareTo(b.Count);
        order = order != 0 ? order : a.Error.CompareTo(b.Error);
        return order != 0 ? order : a.Item.CompareTo(b.Item);
    }
}
