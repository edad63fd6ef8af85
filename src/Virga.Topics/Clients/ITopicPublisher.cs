using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>Publishes to one topic, with all its partitions, wherever they are owned. Safe for many threads; messages of one thread keep their order within a partition.</summary>
public interface ITopicPublisher : IAsyncDisposable
{
    /// <summary>The topic, as a whole.</summary>
    TopicName Topic { get; }

    /// <summary>The name under which it publishes; that of the user, else one of its own.</summary>
    string Name { get; }

    /// <summary>The greatest number of a message that is acknowledged, of all partitions; -1 before the first. After a start with a name that was used before, where that one stopped.</summary>
    long LastSequenceId { get; }

    /// <summary>
    /// Publishes a message; completes when it is as durable as the topic promises. A connection that breaks meanwhile is made again and the message published anew,
    /// once where the namespace deduplicates, else at least once.
    /// </summary>
    /// <param name="message">The message; its payload stays unchanged until this completes.</param>
    /// <param name="cancellation">Stops waiting; a message that is on its way may be published all the same.</param>
    /// <exception cref="Core.Problems.ProblemException">The topic refuses it, or <c>unavailable</c> after <see cref="PublisherOptions.SendTimeout"/>.</exception>
    ValueTask<MessageId> PublishAsync(OutgoingMessage message, CancellationToken cancellation);

    /// <summary>Sends what waits for its batch to fill, and completes when everything published so far is acknowledged or has failed.</summary>
    ValueTask FlushAsync(CancellationToken cancellation);
}
