using System.Diagnostics.CodeAnalysis;
using Virga.Topics.Clients;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary>A consumer whose messages the client acknowledges itself.</summary>
internal sealed class ExplicitSource(ITopicConsumer consumer) : IMessageSource
{
    public bool TryTake([NotNullWhen(true)] out TopicMessage? message) => consumer.TryReceive(out message);

    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => consumer.WaitAsync(cancellation);

    public ValueTask SentAsync(CancellationToken cancellation) => ValueTask.CompletedTask;
}
