using System.Runtime.InteropServices;
using Virga.State.Keys;

namespace Virga.State.Lattices.Dots;

/// <summary>Dots of one replica that follow each other.</summary>
/// <param name="Replica">Whose.</param>
/// <param name="From">The first.</param>
/// <param name="To">The last.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DotRange(ReplicaId Replica, ulong From, ulong To);
