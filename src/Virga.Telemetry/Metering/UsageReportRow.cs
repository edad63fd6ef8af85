namespace Virga.Telemetry.Metering;

/// <summary>One row of a usage report; what it is not grouped by is null.</summary>
public sealed record UsageReportRow
{
    /// <summary>The tenant.</summary>
    public string? Tenant { get; init; }

    /// <summary>The namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>The function.</summary>
    public string? Function { get; init; }

    /// <summary>Its version.</summary>
    public int? Version { get; init; }

    /// <summary>Beginning of the hour, UTC.</summary>
    public DateTimeOffset? Hour { get; init; }

    /// <summary>What was used.</summary>
    public required UsageAmounts Usage { get; init; }

    /// <summary>What it costs, rounded to a millionth; null where there are no prices.</summary>
    public decimal? Cost { get; init; }
}
