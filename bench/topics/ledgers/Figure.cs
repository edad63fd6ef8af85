namespace Virga.Bench.Topics;

/// <summary>One measured line.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Value">What came of it.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="P50">Median of single operations, in microseconds; null where only the whole was measured.</param>
/// <param name="P99">99th percentile, in microseconds.</param>
/// <param name="Target">What was asked for, and whether it is kept; null where nothing was.</param>
internal sealed record Figure(string Name, double Value, string Unit, double? P50 = null, double? P99 = null, string? Target = null);
