using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>What a function is run by in a simulation.</summary>
internal sealed record SimulatedMachine
{
    /// <summary>The autoscaler's settings; its grace time is <c>keepWarm.idle</c>.</summary>
    public AutoscalerSettings Autoscaler { get; init; } = AutoscalerSettings.Default;

    /// <summary>For comparison: without autoscaler and freezer, an instance is kept warm for this long after its last call. Null means with both.</summary>
    public TimeSpan? FixedKeepAlive { get; init; }

    /// <summary>How long a frozen instance is kept: <c>keepWarm.frozen</c>.</summary>
    public TimeSpan Frozen { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What a frozen instance holds of a warm one's memory: the bound that the freezer has to keep.</summary>
    public double FrozenShare { get; init; } = 1.0 / 20;

    /// <summary>From the decision to start an instance until it takes calls.</summary>
    public TimeSpan Start { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>The same for one that is frozen and paged out.</summary>
    public TimeSpan Thaw { get; init; } = TimeSpan.FromMilliseconds(15);

    /// <summary>Calls that an instance serves at a time.</summary>
    public int CallsPerInstance { get; init; } = 1;

    /// <summary>The share of them that is meant to be taken.</summary>
    public double TargetUtilisation { get; init; } = 0.7;

    /// <summary>Instances at most.</summary>
    public int MaxInstances { get; init; } = 1000;
}
