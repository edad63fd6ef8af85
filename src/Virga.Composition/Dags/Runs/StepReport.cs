using System.Runtime.InteropServices;
using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Composition.Dags.Runs;

/// <summary>How a step ended.</summary>
/// <param name="Step">Its place.</param>
/// <param name="Node">Where it ran.</param>
/// <param name="Status">How it ended; never waiting.</param>
/// <param name="Tries">How often its function was called.</param>
/// <param name="Duration">From its beginning to its end, all tries and pauses between them included.</param>
/// <param name="Timing">Of its last call.</param>
/// <param name="Fired">Which of its edges fired: bit N for the N-th; all for a step with more than 64 of them.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StepReport(int Step, NodeName Node, StepStatus Status, int Tries, TimeSpan Duration, InvocationTiming Timing, ulong Fired);
