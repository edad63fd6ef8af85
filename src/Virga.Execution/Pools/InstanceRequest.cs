using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>An instance that is to be started.</summary>
/// <param name="Key">Which environment it is of, and how it is kept apart.</param>
/// <param name="MemoryBytes">Its memory limit.</param>
/// <param name="Cpu">Its CPU limit, in cores.</param>
/// <param name="For">On whose behalf: starts are shared out evenly among these, told apart by reference.</param>
/// <param name="Priority">Whether a call waits for it.</param>
internal readonly record struct InstanceRequest(GenericPoolKey Key, long MemoryBytes, double Cpu, object For, StartPriority Priority);
