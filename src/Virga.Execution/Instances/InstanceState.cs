namespace Virga.Execution.Instances;

/// <summary>What a pool does with one of its instances.</summary>
internal enum InstanceState
{
    /// <summary>It is on its way to its first call.</summary>
    New,

    /// <summary>It takes calls.</summary>
    Serving,

    /// <summary>It is frozen, or on the way there, and can be woken.</summary>
    Cold,

    /// <summary>It is on its way back.</summary>
    Waking,

    /// <summary>It finishes what it has and takes no new calls.</summary>
    Draining,
}
