namespace Virga.Topics.Clients;

/// <summary>How a message without a key chooses its partition. One with a key always goes where its key leads.</summary>
public enum PartitionRouting
{
    /// <summary>The partitions in turn, a batch each.</summary>
    RoundRobin,

    /// <summary>All to one, chosen once for the publisher.</summary>
    Single,
}
