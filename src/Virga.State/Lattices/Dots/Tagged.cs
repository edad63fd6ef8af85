using System.Runtime.InteropServices;

namespace Virga.State.Lattices.Dots;

/// <summary>An update by which an element is there.</summary>
/// <param name="Dot">The update.</param>
/// <param name="Value">What it says.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Tagged<T>(Dot Dot, T Value)
    where T : struct, IDotValue<T>;
