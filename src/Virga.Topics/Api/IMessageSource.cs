using System.Diagnostics.CodeAnalysis;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary>Where a stream's messages come from, and what follows when they are sent.</summary>
internal interface IMessageSource
{
    /// <summary>The next message if there is one.</summary>
    bool TryTake([NotNullWhen(true)] out TopicMessage? message);

    /// <summary>Waits for the next; false when none will come.</summary>
    ValueTask<bool> WaitAsync(CancellationToken cancellation);

    /// <summary>What was taken is sent.</summary>
    ValueTask SentAsync(CancellationToken cancellation);
}
