namespace Virga.Execution.Scaling;

/// <summary>How the <see cref="Autoscaler"/> weighs what it sees. The defaults are the Knative pod autoscaler's unless a comment gives a reason.</summary>
internal sealed record AutoscalerSettings
{
    /// <summary>What every function begins with.</summary>
    public static AutoscalerSettings Default { get; } = new();

    /// <summary>The mean over this time says how many instances are wanted.</summary>
    public TimeSpan StableWindow { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The mean over this time says whether the load has jumped.</summary>
    public TimeSpan PanicWindow { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How many times what the instances are meant to carry makes a panic.</summary>
    public double PanicThreshold { get; init; } = 2;

    /// <summary>By how many times one decision may raise the instances. Knative allows 1000; one machine gains nothing from so many starts at once.</summary>
    public double MaxScaleUpRate { get; init; } = 10;

    /// <summary>By how many times one decision may lower them.</summary>
    public double MaxScaleDownRate { get; init; } = 2;

    /// <summary>How long the last instance is kept without any call: a function's <c>keepWarm.idle</c>.</summary>
    public TimeSpan ScaleToZeroGrace { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long a surplus instance has to be without a call before it is frozen. In the simulation, two seconds save four in ten of the
    /// thaws of instances that are frozen between two peaks, for some 5 % more instances; with three, bursts of load take more than a fifth
    /// beyond the oracle's.
    /// </summary>
    public TimeSpan SurplusIdle { get; init; } = TimeSpan.FromSeconds(2);
}
