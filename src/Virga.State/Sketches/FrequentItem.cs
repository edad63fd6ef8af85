using System.Runtime.InteropServices;
using Virga.State.Lattices;

namespace Virga.State.Sketches;

/// <summary>A value and how often it was added: between <see cref="Count"/> less <see cref="Error"/>, and <see cref="Count"/>.</summary>
/// <param name="Item">The value.</param>
/// <param name="Count">How often, at most.</param>
/// <param name="Error">How much less it may be.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FrequentItem(Payload Item, ulong Count, ulong Error);
