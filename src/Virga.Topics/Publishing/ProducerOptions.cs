namespace Virga.Topics.Publishing;

/// <summary>How one producer attaches itself.</summary>
public sealed record ProducerOptions
{
    /// <summary>Its name, one connected producer's at a time; deduplication goes by it. Empty for one that the broker makes up.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether <see cref="Name"/> is the user's own; the name of a client that reconnects otherwise gives way to the newer connection.</summary>
    public bool IsNameOfUser { get; init; }

    /// <summary>Counts the connections of one client's producer: a greater one takes the place of a smaller.</summary>
    public long Epoch { get; init; }

    /// <summary>Who else may publish.</summary>
    public ProducerAccess Access { get; init; }

    /// <summary>The epoch that an exclusive producer had before its connection broke; null for a new one.</summary>
    public long? TopicEpoch { get; init; }

    /// <summary>Whether a node keeps it for whoever publishes next: while it publishes nothing, the topic may be deleted as if it were not there.</summary>
    public bool IsPassing { get; init; }

    /// <summary>The producer's own properties, shown in figures.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];
}
