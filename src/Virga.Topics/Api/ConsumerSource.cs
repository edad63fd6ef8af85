using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Api;

/// <summary>A consumer whose messages are acknowledged when they are sent.</summary>
internal sealed partial class ConsumerSource(ITopicConsumer consumer, ILogger logger) : IMessageSource
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

        if (_taken.Count == 0)
        {
            return;
        }

        _taken.Clear();
        try
        {
            await consumer.AcknowledgedAsync(cancellation);
        }
        catch (ProblemException e) when (e.Problem.Fault != Fault.Client)
        {
            // The topic's owner is lost, or the place of its cursors: the consumer attaches to the next one by itself, and what was not kept of these acknowledgements is delivered again. Nothing to end the
            // stream for.
            LogNotKept(logger, consumer.Subscription, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Acknowledgements of the subscription '{Subscription}' may not have been kept; what was not is delivered again")]
    private static partial void LogNotKept(ILogger logger, SubscriptionName subscription, Exception e);
}
