namespace Virga.Topics.Clients;

/// <summary>When a batch is sent: as soon as one of the three is reached. The defaults are those of Pulsar's clients.</summary>
public sealed record BatchingOptions
{
    /// <summary>Messages in a batch.</summary>
    public int MaxMessages { get; init; } = 1000;

    /// <summary>Bytes of payload in a batch.</summary>
    public int MaxBytes { get; init; } = 128 * 1024;

    /// <summary>How long the first message of a batch waits.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>One batch for each key, as key_shared subscriptions need it: an entry goes to one consumer.</summary>
    public bool ByKey { get; init; }
}
