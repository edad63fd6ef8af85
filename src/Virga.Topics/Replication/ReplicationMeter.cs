using Virga.Topics.Publishing;

namespace Virga.Topics.Replication;

/// <summary>What is known of the replication of one topic to one cluster.</summary>
internal sealed class ReplicationMeter
{
    private string? _problem;

    /// <summary>What the other cluster has acknowledged.</summary>
    public PublishMeter Sent { get; } = new();

    /// <summary>Why nothing goes there.</summary>
    public string? Problem
    {
        get => Volatile.Read(ref _problem);
        set => Volatile.Write(ref _problem, value);
    }
}
