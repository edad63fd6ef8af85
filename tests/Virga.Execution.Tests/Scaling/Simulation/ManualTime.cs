namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>A clock that the simulation sets, in microseconds.</summary>
internal sealed class ManualTime : TimeProvider
{
    public long Now { get; set; }

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => Now;
}
