using System.Runtime.InteropServices;

namespace Virga.Execution.Scaling;

/// <summary>What the <see cref="Autoscaler"/> remembers from one decision to the next; the default is a function that has just begun.</summary>
/// <param name="PanicSince">When the load was last seen above the panic threshold, as time since the function began; null outside of a panic.</param>
/// <param name="PanicPeak">The most that was wanted in this panic.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AutoscalerState(TimeSpan? PanicSince, int PanicPeak);
