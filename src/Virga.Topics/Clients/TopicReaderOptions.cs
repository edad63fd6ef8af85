using Virga.Topics.Messages;

namespace Virga.Topics.Clients;

/// <summary>How to read.</summary>
public sealed record TopicReaderOptions
{
    /// <summary>Where to begin: <see cref="Position.Earliest"/>, <see cref="Position.Latest"/>, or behind a message. In other partitions than that of the message, at their beginning.</summary>
    public MessageId Start { get; init; } = new(Position.Earliest);

    /// <summary>Whether the message of <see cref="Start"/> is read too.</summary>
    public bool StartInclusive { get; init; }

    /// <summary>Where to begin by time; null where <see cref="Start"/> says it.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Reads the last message of each key only.</summary>
    public bool ReadCompacted { get; init; }

    /// <summary>The reader's name, shown in figures.</summary>
    public string Name { get; init; } = "";

    /// <summary>At most so many messages wait here.</summary>
    public int QueueSize { get; init; } = 1000;
}
