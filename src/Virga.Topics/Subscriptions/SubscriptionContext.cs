using Microsoft.Extensions.Logging;
using Virga.Topics.Logs;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <summary>Where a subscription is.</summary>
/// <param name="Topic">Of which topic.</param>
/// <param name="Log">Its entries.</param>
/// <param name="Metadata">Where cursors are kept.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Told of what goes wrong.</param>
/// <param name="Random">For names that consumers do not give themselves.</param>
/// <param name="Options">The limits.</param>
public sealed record SubscriptionContext(TopicName Topic, ITopicLog Log, ITopicMetadata Metadata, TimeProvider Time, ILogger Logger, Random Random, DispatchOptions Options)
{
    /// <summary>The compacted topic: the same entries without those of which a later one has the same key. Null where there is none.</summary>
    public ITopicLog? Compacted { get; init; }

    /// <summary>What all subscriptions of the topic together deliver; null for no limit.</summary>
    public DispatchLimiter? TopicLimiter { get; init; }

    /// <summary>Another node has written a cursor: this one does not own the topic any more. Returns at once.</summary>
    public Action? CursorLost { get; init; }

    /// <summary>Where subscriptions run.</summary>
    public IDispatchQueue Queue { get; init; } = ThreadPoolQueue.Instance;

    // Subscriptions of one topic share the random numbers, which are not safe for several threads.
    internal long NextRandom()
    {
        lock (Random)
        {
            return Random.NextInt64();
        }
    }
}
