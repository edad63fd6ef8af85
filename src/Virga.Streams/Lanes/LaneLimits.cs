namespace Virga.Streams.Lanes;

/// <summary>What a lane may hold at a time.</summary>
internal sealed record LaneLimits
{
    /// <summary>Messages and results that are under way: received and not yet acknowledged, but for those in open windows.</summary>
    public int InFlight { get; init; } = 4096;

    /// <summary>What those messages may take, in bytes, about; and as much on its way to the lane.</summary>
    public long InFlightBytes { get; init; } = 32L << 20;

    /// <summary>Messages in open windows, in bytes. A lane that needs more stops: handing over a part of a window would be wrong, and losing it worse.</summary>
    public long WindowBytes { get; init; } = 256L << 20;

    /// <summary>Messages that one answer may have.</summary>
    public const int Results = 1024;
}
