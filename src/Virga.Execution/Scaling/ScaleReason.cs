namespace Virga.Execution.Scaling;

/// <summary>Why the <see cref="Autoscaler"/> wants the number of instances that it wants.</summary>
internal enum ScaleReason
{
    /// <summary>The load is what the instances are meant to carry.</summary>
    Steady,

    /// <summary>More load.</summary>
    ScaledUp,

    /// <summary>Less load.</summary>
    ScaledDown,

    /// <summary>The load jumped: the highest need is held until it has been calm for a stable window.</summary>
    Panic,

    /// <summary>No call for the grace time.</summary>
    Idle,

    /// <summary>The minimum or the provisioned floor holds more than the load needs.</summary>
    Floor,

    /// <summary>The load needs more than the maximum, or than one decision may add or take away.</summary>
    Limited,
}
