using System.Diagnostics.CodeAnalysis;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients.Consuming;

/// <summary>A consumer whose subscription ends with it; what is read counts as dealt with.</summary>
internal sealed class TopicReader(TopicName topic, TopicConsumer consumer) : ITopicReader
{
    public TopicName Topic => topic;

    public bool HasEnded => consumer.HasEnded;

    public bool TryRead([NotNullWhen(true)] out TopicMessage? message)
    {
        if (!consumer.TryReceive(out message))
        {
            return false;
        }

        consumer.Read(message);
        return true;
    }

    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => consumer.WaitAsync(cancellation);

    public async ValueTask<TopicMessage> ReadAsync(CancellationToken cancellation)
    {
        var message = await consumer.ReceiveAsync(cancellation);
        consumer.Read(message);
        return message;
    }

    public ValueTask SeekAsync(MessageId to, CancellationToken cancellation) => consumer.SeekAsync(topic, to, cancellation);

    public ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation) => consumer.SeekAsync(to, cancellation);

    public ValueTask DisposeAsync() => consumer.DisposeAsync();
}
