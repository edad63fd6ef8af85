using System.Runtime.InteropServices;

namespace Virga.Hosting.Activity;

/// <summary>What a function did in the last seconds.</summary>
/// <param name="CallsPerSecond">Calls that ended.</param>
/// <param name="ErrorsPerSecond">Those of them that failed or were refused.</param>
/// <param name="ColdStartsPerSecond">Those of them that waited for a new instance.</param>
/// <param name="Cpu">CPU time per second.</param>
/// <param name="P50">How long half of the callers waited at most; null without calls.</param>
/// <param name="P99">How long 99 of 100 callers waited at most; null without calls.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct WindowSummary(double CallsPerSecond, double ErrorsPerSecond, double ColdStartsPerSecond, TimeSpan Cpu, TimeSpan? P50, TimeSpan? P99);
