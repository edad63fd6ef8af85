using System.Diagnostics.CodeAnalysis;
using Virga.Topics.Clients;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary>A consumer whose messages are acknowledged when they are sent.</summary>
internal sealed class ConsumerSource(ITopicConsumer consumer) : IMessageSource
{
    private readonly List<TopicMessage> _taken = [];

    public bool TryTake([NotNullWhen(true)] out TopicMessage? message)
    {
        if (!consumer.TryReceive(out message))
        {
            return false;
        }

        _taken.Add(message);
        return true;
    }

    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => consumer.WaitAsync(cancellation);

    public async ValueTask SentAsync(CancellationToken cancellation)
    {
        foreach (var message in _taken)
        {
            consumer.Acknowledge(message);
        }

        if (_taken.Count > 0)
        {
            _taken.Clear();
            await consumer.AcknowledgedAsync(cancellation);
        }
    }
}
