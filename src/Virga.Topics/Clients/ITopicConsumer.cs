using System.Diagnostics.CodeAnalysis;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>
/// Consumes one subscription of one or several topics, wherever they are owned, in the style of a channel's reader. Safe for many threads. What is neither acknowledged nor rejected when it is
/// disposed of, or when a connection breaks, is delivered again.
/// </summary>
public interface ITopicConsumer : IAsyncDisposable
{
    /// <summary>What it consumes.</summary>
    SubscriptionName Subscription { get; }

    /// <summary>The topics (partitions each by itself) that it is attached to now.</summary>
    IReadOnlyList<TopicName> Topics { get; }

    /// <summary>How many messages are here and not yet received.</summary>
    int Queued { get; }

    /// <summary>How many entries the subscription has not acknowledged, of the topics that this node owns; those of other nodes are not counted.</summary>
    long Backlog { get; }

    /// <summary>Whether every topic is terminated and all of it was delivered here.</summary>
    bool HasEnded { get; }

    /// <summary>Gives the next message if there is one here.</summary>
    bool TryReceive([NotNullWhen(true)] out TopicMessage? message);

    /// <summary>Waits until there may be one; false when none will ever come: every topic is terminated and read, or deleted, or the consumer is disposed of.</summary>
    /// <exception cref="Core.Problems.ProblemException">A topic refuses the consumer, such as after another has taken the exclusive subscription.</exception>
    ValueTask<bool> WaitAsync(CancellationToken cancellation);

    /// <summary>Gives the next message as soon as there is one.</summary>
    /// <exception cref="System.Threading.Channels.ChannelClosedException">None will ever come.</exception>
    ValueTask<TopicMessage> ReceiveAsync(CancellationToken cancellation);

    /// <summary>The message is dealt with. Returns at once; <see cref="AcknowledgedAsync"/> says when that is durable.</summary>
    void Acknowledge(TopicMessage message);

    /// <summary>A message is dealt with, by its id.</summary>
    void Acknowledge(TopicName topic, MessageId id);

    /// <summary>This message and all before it in its topic (its partition) are dealt with; not for shared and key_shared.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>invalid-request</c>: the subscription is shared.</exception>
    void AcknowledgeUpTo(TopicMessage message);

    /// <summary>This message and all before it in its topic are dealt with, by its id.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>invalid-request</c>: the subscription is shared.</exception>
    void AcknowledgeUpTo(TopicName topic, MessageId id);

    /// <summary>The message could not be dealt with: it is delivered again after the back-off, or goes to the dead letters. Of a batch, when all its messages are acknowledged or rejected.</summary>
    void Reject(TopicMessage message);

    /// <summary>A message could not be dealt with, by its id.</summary>
    void Reject(TopicName topic, MessageId id);

    /// <summary>Publishes the message to the retry topic, to be delivered after a time of the caller's, and acknowledges it; beyond the greatest number of retries, to the dead letters.</summary>
    /// <exception cref="InvalidOperationException">The consumer has no <see cref="DeadLetterPolicy"/>.</exception>
    ValueTask RetryLaterAsync(TopicMessage message, TimeSpan delay, CancellationToken cancellation);

    /// <summary>Has everything delivered again that is received and not acknowledged.</summary>
    void RedeliverAll();

    /// <summary>Completes when all acknowledgements so far are durable.</summary>
    ValueTask AcknowledgedAsync(CancellationToken cancellation);

    /// <summary>Goes to a message in one topic: what is behind it is delivered (again), this one too where it is a message and not an end. Of the topic's partitions the one that the id names.</summary>
    ValueTask SeekAsync(TopicName topic, MessageId to, CancellationToken cancellation);

    /// <summary>Goes, in every topic, to the first message published at a time or later.</summary>
    ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation);
}
