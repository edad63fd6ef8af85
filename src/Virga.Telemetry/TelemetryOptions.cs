using Virga.Telemetry.Metering;
using Virga.Telemetry.Tracing;

namespace Virga.Telemetry;

/// <summary>What the node's telemetry needs to know.</summary>
public sealed record TelemetryOptions
{
    /// <summary>The node's data folder; logs, usage records and metering go to folders of their own in it.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where traces go.</summary>
    public TracingOptions Tracing { get; init; } = new();

    /// <summary>What usage costs; null where it costs nothing.</summary>
    public PriceSheet? Prices { get; init; }
}
