using System.Diagnostics.CodeAnalysis;
using Virga.Topics.Clients;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary>A reader: nothing follows.</summary>
internal sealed class ReaderSource(ITopicReader reader) : IMessageSource
{
    public bool TryTake([NotNullWhen(true)] out TopicMessage? message) => reader.TryRead(out message);

    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => reader.WaitAsync(cancellation);

    public ValueTask SentAsync(CancellationToken cancellation) => ValueTask.CompletedTask;
}
