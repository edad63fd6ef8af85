namespace Virga.Streams.Lanes;

/// <summary>What a lane is doing.</summary>
internal enum LaneState
{
    /// <summary>It attaches itself to its topic.</summary>
    Starting,

    /// <summary>It takes messages.</summary>
    Running,

    /// <summary>It failed, and tries again after a moment.</summary>
    Waiting,

    /// <summary>It stopped and does not try again until the stream is changed or restarted.</summary>
    Failed,
}
