namespace Virga.Topics.Subscriptions;

/// <summary>What limits a subscription; from the topic's policies.</summary>
public sealed record DispatchOptions
{
    /// <summary>A consumer of a shared or key_shared subscription that has so many messages unacknowledged gets no more until half of them are acknowledged; 0 for no limit.</summary>
    public int MaxUnackedPerConsumer { get; init; } = 50_000;

    /// <summary>The same for all consumers of one subscription together; 0 for no limit.</summary>
    public int MaxUnackedPerSubscription { get; init; } = 200_000;

    /// <summary>For key_shared: how many messages may wait for consumers that are slow, while the others go on; behind that the subscription reads no further.</summary>
    public int MaxWaiting { get; init; } = 200_000;

    /// <summary>How many delayed messages are remembered with their times (some 40 bytes each); more cost a bit each, and are read again when those are delivered.</summary>
    public int MaxDelayed { get; init; } = 500_000;

    /// <summary>Whether shared and key_shared subscriptions hold back messages until the time that their producer set.</summary>
    public bool DelaysDelivery { get; init; } = true;

    /// <summary>How many entries are read at once.</summary>
    public int ReadEntries { get; init; } = 512;

    /// <summary>How many bytes are read at once, but for the last entry.</summary>
    public int ReadBytes { get; init; } = 4 << 20;

    /// <summary>How long after a change a cursor is stored.</summary>
    public TimeSpan CursorInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How much this subscription delivers.</summary>
    public DispatchRate Rate { get; init; }
}
