using System.Runtime.InteropServices;

namespace Virga.Execution.Scaling;

/// <summary>What a pool tells its <see cref="FunctionScale"/> about itself.</summary>
/// <param name="Ready">Warm instances, busy or not.</param>
/// <param name="Starting">Instances on their way.</param>
/// <param name="CallsPerInstance">How many calls one instance serves at a time.</param>
/// <param name="TargetUtilisation">The share of its places that an instance is meant to have taken: above 0, at most 1.</param>
/// <param name="Min">Instances the function has at least.</param>
/// <param name="Max">Instances the function has at most; at least 1.</param>
/// <param name="Floor">Instances that provisioned windows ask for now.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PoolScale(int Ready, int Starting, int CallsPerInstance, double TargetUtilisation, int Min, int Max, int Floor);
