namespace Virga.Core.Resources;

/// <summary>Which messages go to a stream function together. One of <see cref="Size"/>, <see cref="Count"/> and <see cref="Gap"/> is given.</summary>
public sealed record StreamWindow
{
    /// <summary>A window by time: how long it is.</summary>
    public Duration? Size { get; init; }

    /// <summary>Of a window by time, how far apart the beginnings are; it divides the size. Null for as long as the size: such windows tumble.</summary>
    public Duration? Slide { get; init; }

    /// <summary>A window by count: how many messages it has.</summary>
    public int? Count { get; init; }

    /// <summary>Of a window by count, after how many more messages the next one closes. Null for as many as the count.</summary>
    public int? Every { get; init; }

    /// <summary>A session: how long without a message ends it.</summary>
    public Duration? Gap { get; init; }

    /// <summary>Whether each key has windows of its own, or all messages of a partition share them.</summary>
    public bool PerKey { get; init; } = true;

    /// <summary>Which time counts.</summary>
    public StreamTime Time { get; init; }

    /// <summary>How far a message may be behind the newest one and still find its window open.</summary>
    public Duration Lateness { get; init; }

    /// <summary>
    /// After how long without messages the time itself closes windows, so that the last ones do not wait for a message that never comes. Null for 1 s where publish times count,
    /// which keep pace with the clock, and for never where event times do, which need not.
    /// </summary>
    public Duration? Idle { get; init; }
}
