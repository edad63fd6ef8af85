namespace Virga.Bench.State;

/// <summary>One measured line.</summary>
/// <param name="Name">What was done.</param>
/// <param name="PerSecond">How often in a second.</param>
/// <param name="P50">Median, in microseconds; null where only throughput was measured.</param>
/// <param name="P99">99th percentile, in microseconds.</param>
/// <param name="BytesPerOperation">Memory allocated for each.</param>
/// <param name="CpuMicroseconds">Time of a processor for each, all threads of the process counted: what is left of it on a machine that has other work.</param>
/// <param name="Target">What was asked for, and whether it is kept; null where nothing was.</param>
internal sealed record Figure(string Name, double PerSecond, double? P50, double? P99, double? BytesPerOperation, double CpuMicroseconds, string? Target = null);
