namespace Virga.Telemetry.Metering;

/// <summary>What was used.</summary>
/// <param name="By">What a row stands for.</param>
/// <param name="Since">Beginning of the first hour that is counted.</param>
/// <param name="Until">End of the last one.</param>
/// <param name="Currency">The currency of costs; null where there are no prices.</param>
/// <param name="Rows">The rows, in the order of what they stand for.</param>
/// <param name="Total">All rows together. Its cost is the sum of theirs before they were rounded.</param>
public sealed record UsageReport(UsageGrouping By, DateTimeOffset Since, DateTimeOffset Until, string? Currency, IReadOnlyList<UsageReportRow> Rows, UsageReportRow Total);
