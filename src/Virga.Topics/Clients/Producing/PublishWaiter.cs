using Virga.Topics.Messages;

namespace Virga.Topics.Clients.Producing;

/// <summary>One message on its way, and who waits for it. Continuations run elsewhere: it is completed on the threads of ledgers.</summary>
internal sealed class PublishWaiter(OutgoingMessage message) : TaskCompletionSource<MessageId>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public OutgoingMessage Message { get; } = message;

    /// <summary>Whether it waits for room and may begin its way; under the publisher's gate.</summary>
    public bool IsWaiting { get; set; }
}
