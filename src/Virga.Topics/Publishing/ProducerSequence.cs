namespace Virga.Topics.Publishing;

/// <summary>How far one producer's numbers have come.</summary>
internal sealed class ProducerSequence
{
    private long _persisted = -1;
    private long _seenAt;

    /// <summary>The last that was handed to the log; touched by the one producer of the name.</summary>
    public long Pushed { get; set; } = -1;

    /// <summary>The last that is durable.</summary>
    public long Persisted
    {
        get => Volatile.Read(ref _persisted);
        set => Volatile.Write(ref _persisted, value);
    }

    /// <summary>When it was last published by, in milliseconds since 1970.</summary>
    public long SeenAt
    {
        get => Volatile.Read(ref _seenAt);
        set => Volatile.Write(ref _seenAt, value);
    }
}
