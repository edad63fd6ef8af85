using System.Runtime.InteropServices;
using Virga.State.Keys;

namespace Virga.State.Lattices;

/// <summary>What one replica has added to a sketch.</summary>
/// <typeparam name="TSketch">The sketch.</typeparam>
/// <param name="Replica">Who added.</param>
/// <param name="Sketch">All that it added.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SketchShare<TSketch>(ReplicaId Replica, TSketch Sketch);
