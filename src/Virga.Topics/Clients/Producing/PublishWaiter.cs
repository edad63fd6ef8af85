using Virga.Topics.Messages;

namespace Virga.Topics.Clients.Producing;

/// <summary>One message on its way, and who waits for it. Continuations run elsewhere: it is completed on the threads of ledgers.</summary>
internal sealed class PublishWaiter(OutgoingMessage message) : TaskCompletionSource<MessageId>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public OutgoingMessage Message { get; } = message;

    /// <summary>What it takes of the publisher's room, in bytes.</summary>
    public long Size { get; } = SizeOf(message);

    /// <summary>Nobody wants it published any more; it may have been by now.</summary>
    public bool IsGivenUp { get; set; }

    private static long SizeOf(OutgoingMessage message)
    {
        var size = message.Payload.Length + message.OrderingKey.Length + (long)(message.Key?.Length ?? 0);
        for (var i = 0; i < message.Properties.Count; i++)
        {
            var (key, value) = message.Properties[i];
            size += key.Length + value.Length;
        }

        return size;
    }
}
