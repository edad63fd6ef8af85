namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>An instance of a simulated pool.</summary>
internal sealed class SimulatedInstance
{
    /// <summary>Calls that it serves.</summary>
    public int InFlight { get; set; }

    /// <summary>Since when it has been idle, or frozen; in microseconds.</summary>
    public long Since { get; set; }
}
