using System.Runtime.InteropServices;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>An instance that is to be started.</summary>
/// <param name="Key">Which environment it is of, and how it is kept apart.</param>
/// <param name="MemoryBytes">Its memory limit at first.</param>
/// <param name="GreatestMemoryBytes">The greatest memory limit that it will have.</param>
/// <param name="Cpu">Its CPU limit, in cores.</param>
/// <param name="For">On whose behalf: starts are shared out evenly among these, told apart by reference.</param>
/// <param name="Priority">Whether a call waits for it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct InstanceRequest(GenericPoolKey Key, long MemoryBytes, long GreatestMemoryBytes, double Cpu, object For, StartPriority Priority)
{
    /// <summary>What is reserved for it before it starts.</summary>
    public long ReservedBytes => SandboxSpec.MemoryLimit(Key.Isolation, GreatestMemoryBytes);
}
