using System.Runtime.InteropServices;
using Virga.State.Keys;

namespace Virga.State.Lattices;

/// <summary>What one replica has counted; both sums only grow.</summary>
/// <param name="Replica">Who counted.</param>
/// <param name="Up">All that it added.</param>
/// <param name="Down">All that it took away.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CounterShare(ReplicaId Replica, ulong Up, ulong Down);
