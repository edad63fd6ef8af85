namespace Virga.Triggers.Dispatching;

/// <summary>What the messages of a lane wait for.</summary>
internal enum LaneState
{
    /// <summary>A call.</summary>
    Ready,

    /// <summary>The time of the first of them.</summary>
    Delayed,

    /// <summary>The end of the call that has those before them.</summary>
    Busy,
}
