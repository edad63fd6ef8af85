namespace Virga.Telemetry.Usage;

/// <summary>Percentiles in milliseconds, off by at most 6.25 % of their value; the maximum is exact.</summary>
/// <param name="P50">Half of all calls took no longer.</param>
/// <param name="P90">Nine in ten took no longer.</param>
/// <param name="P99">All but one in a hundred took no longer.</param>
/// <param name="Max">The longest.</param>
public sealed record LatencyStats(double P50, double P90, double P99, double Max);
