namespace Virga.Execution.Pools;

/// <summary>What <see cref="ScaleOut"/> decides by.</summary>
/// <param name="Waiting">Calls without a place.</param>
/// <param name="OldestWait">How long the first of them has waited.</param>
/// <param name="Serving">Instances that take calls.</param>
/// <param name="Existing">Instances that exist, those included that only finish what they have.</param>
/// <param name="Starting">Instances on their way.</param>
/// <param name="CallDuration">What a call lately took; zero when not known.</param>
/// <param name="StartDuration">What a start lately took; zero when not known.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct PoolLoad(int Waiting, TimeSpan OldestWait, int Serving, int Existing, int Starting, TimeSpan CallDuration, TimeSpan StartDuration);
