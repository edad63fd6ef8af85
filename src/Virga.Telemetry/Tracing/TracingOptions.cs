namespace Virga.Telemetry.Tracing;

/// <summary>Where traces go.</summary>
public sealed record TracingOptions
{
    /// <summary>Base address of an OpenTelemetry collector: port 4317 is spoken to by gRPC, any other by HTTP. Null: nothing is traced, and nothing of OpenTelemetry is loaded.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Share (0 to 1) of the calls without a trace of their caller's that are traced.</summary>
    public double SampleRatio { get; init; } = 1;
}
