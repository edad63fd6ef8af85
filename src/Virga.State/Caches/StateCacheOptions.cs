namespace Virga.State.Caches;

/// <summary>How much a node's cache holds, and how it talks to the store and to other caches.</summary>
public sealed record StateCacheOptions
{
    /// <summary>Memory that records may take; above it, those that were not read for the longest time go.</summary>
    public long MemoryBytes { get; init; } = 256L << 20;

    /// <summary>How much may wait to be stored; writes above it are refused with <c>state-overloaded</c>.</summary>
    public long DirtyBytes { get; init; } = 64L << 20;

    /// <summary>The least time between two flushes: how long a write waits for others to share its transaction.</summary>
    public TimeSpan FlushPause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The most keys of one flush, those left out that another one's causality brings along.</summary>
    public int FlushKeys { get; init; } = 1024;

    /// <summary>The most bytes of one flush, likewise.</summary>
    public long FlushBytes { get; init; } = 8L << 20;

    /// <summary>How long to wait after a failure of the store; doubled with each further one.</summary>
    public TimeSpan RetryLeast { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait after a failure.</summary>
    public TimeSpan RetryMost { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the log begins a new segment, so that older ones can be dropped.</summary>
    public TimeSpan RotateEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a cache asks each home whether it still knows what the cache holds. With <see cref="Patience"/> it bounds how long a lost update stays unnoticed.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long another node may take for an answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For how long a node publishes again what it has stored when the homes of keys move: longer than two nodes' views of the cluster may differ.</summary>
    public TimeSpan RepublishFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many keys are compared with the store at each heartbeat, whatever else happens: what heals all that nothing else does.</summary>
    public int ScrubKeys { get; init; } = 64;

    /// <summary>How long a call waits to hear who has its keys; without an answer it runs where it is. Several round trips of a local network, and a fraction of loading a value.</summary>
    public TimeSpan LocatePatience { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>For how long what was heard of who holds a key is used.</summary>
    public TimeSpan LocateFresh { get; init; } = TimeSpan.FromSeconds(1);
}
