using System.Runtime.InteropServices;

namespace Virga.Execution.Scaling;

/// <summary>What the <see cref="Autoscaler"/> wants.</summary>
/// <param name="Desired">Warm instances: what is missing is to be started or thawed, what is surplus and without a call may be frozen.</param>
/// <param name="Reason">Why.</param>
/// <param name="State">To be handed to the next decision.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ScaleDecision(int Desired, ScaleReason Reason, AutoscalerState State)
{
    /// <summary>Whether the load is in a panic, in which nothing is scaled down.</summary>
    public bool InPanic => State.PanicSince is not null;
}
