using System.Runtime.InteropServices;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Consuming;

/// <summary>What follows from something that was said about a message.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Settlement
{
    /// <summary>To be acknowledged at the broker now; null for nothing.</summary>
    public BatchAck[]? Acks { get; init; }

    /// <summary>Whether there is something to be acknowledged soon.</summary>
    public bool IsDirty { get; init; }

    /// <summary>When the entry is to be asked for again, by the clock's timestamp; 0 for not now.</summary>
    public long RedeliverAt { get; init; }

    /// <summary>To be asked for again now; null for nothing.</summary>
    public Position[]? Redeliver { get; init; }

    /// <summary>Messages that are dead letters now; null for none.</summary>
    public TopicMessage[]? Dead { get; init; }
}
