namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>What came of a trace on a machine.</summary>
internal sealed record SimulationResult
{
    /// <summary>Calls that were served: all of the trace.</summary>
    public required int Calls { get; init; }

    /// <summary>Calls that had to wait until an instance had been started.</summary>
    public required int ColdStarts { get; init; }

    /// <summary>Instances that were thawed because a call waited.</summary>
    public required int Thaws { get; init; }

    /// <summary>Warm and starting instances, busy or not, over time.</summary>
    public required double WarmSeconds { get; init; }

    /// <summary>Frozen instances over time.</summary>
    public required double FrozenSeconds { get; init; }

    /// <summary>Memory over time, in that of a warm instance for a second.</summary>
    public required double MemorySeconds { get; init; }

    /// <summary>Warm instances second by second: the mean.</summary>
    public required double[] Warm { get; init; }

    /// <summary>How long the 99th of 100 calls waited for its place.</summary>
    public required TimeSpan WaitP99 { get; init; }
}
