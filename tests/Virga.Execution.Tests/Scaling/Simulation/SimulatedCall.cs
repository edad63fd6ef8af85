using System.Runtime.InteropServices;

namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>A call of a trace.</summary>
/// <param name="At">When it comes, in microseconds since the trace began.</param>
/// <param name="Duration">How long an instance works on it, in microseconds; at least 1.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SimulatedCall(long At, long Duration);
