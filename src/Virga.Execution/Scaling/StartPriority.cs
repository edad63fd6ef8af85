namespace Virga.Execution.Scaling;

/// <summary>For whom an instance is started.</summary>
internal enum StartPriority
{
    /// <summary>For a call that waits.</summary>
    OnDemand,

    /// <summary>Ahead of calls: to fill a pool, to keep a floor, to make room.</summary>
    Background,
}
