namespace Virga.Topics.Clients.Producing;

/// <summary>An entry that is made and not yet acknowledged: published as often as it takes.</summary>
internal sealed class OutgoingEntry
{
    /// <summary>What is published, the same each time.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The number of its first message.</summary>
    public required long SequenceId { get; init; }

    /// <summary>Who waits for its messages, in their order.</summary>
    public required PublishWaiter[] Waiters { get; init; }

    /// <summary>Whether it has the form of a batch, so that its messages have places in it.</summary>
    public required bool IsBatch { get; init; }

    /// <summary>When its waiters give up, by the clock's timestamp.</summary>
    public required long Deadline { get; init; }

    /// <summary>Whether its end came.</summary>
    public bool IsDone { get; set; }
}
