namespace Virga.Topics.Replication;

/// <summary>How the replication of a topic to one cluster stands. Counts begin when the topic came into its owner's memory.</summary>
public sealed record ReplicationFigures
{
    /// <summary>The other cluster.</summary>
    public required string Cluster { get; init; }

    /// <summary>Whether entries go there now.</summary>
    public bool IsConnected { get; init; }

    /// <summary>Entries of which it is not known yet that they are there.</summary>
    public long Backlog { get; init; }

    /// <summary>Messages that the other cluster has acknowledged.</summary>
    public long Messages { get; init; }

    /// <summary>Bytes of their entries.</summary>
    public long Bytes { get; init; }

    /// <summary>Messages per second, of late.</summary>
    public double MessageRate { get; init; }

    /// <summary>Bytes per second, of late.</summary>
    public double ByteRate { get; init; }

    /// <summary>Why nothing goes there now; null where it does.</summary>
    public string? Problem { get; init; }
}
