using System.Diagnostics.CodeAnalysis;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>Reads a topic (all its partitions) from a place of the reader's choosing; nothing is remembered of it when it is disposed of.</summary>
public interface ITopicReader : IAsyncDisposable
{
    /// <summary>The topic, as a whole.</summary>
    TopicName Topic { get; }

    /// <summary>Whether the topic is terminated and all of it was delivered here.</summary>
    bool HasEnded { get; }

    /// <summary>Gives the next message if there is one here.</summary>
    bool TryRead([NotNullWhen(true)] out TopicMessage? message);

    /// <summary>Waits until there may be one; false when none will ever come.</summary>
    ValueTask<bool> WaitAsync(CancellationToken cancellation);

    /// <summary>Gives the next message as soon as there is one.</summary>
    /// <exception cref="System.Threading.Channels.ChannelClosedException">None will ever come.</exception>
    ValueTask<TopicMessage> ReadAsync(CancellationToken cancellation);

    /// <summary>Goes to a message, in the partition that its id names.</summary>
    ValueTask SeekAsync(MessageId to, CancellationToken cancellation);

    /// <summary>Goes to the first message published at a time or later.</summary>
    ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation);
}
