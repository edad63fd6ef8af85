using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Topics.Clients.Producing;

/// <content>How messages are let in: so many at a time, in the order in which they were published.</content>
internal sealed partial class PartitionPublisher
{
    // Under the gate, as all of this: messages for which there is no room yet, in the order in which they came, and how many more may be on their way.
    private readonly Queue<PublishWaiter> _waiting = new();
    private int _room;
    private bool _isLettingIn;

    /// <summary>Publishes a message. Its place among others is that of the call, also where it has to wait for room.</summary>
    public async ValueTask<MessageId> PublishAsync(OutgoingMessage message, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var waiter = new PublishWaiter(message);
        lock (_gate)
        {
            if (_refusal is { } refusal)
            {
                throw new ProblemException(refusal);
            }

            if (_room > 0 && _waiting.Count == 0)
            {
                LetIn(waiter);
            }
            else
            {
                waiter.IsWaiting = true;
                _waiting.Enqueue(waiter);
            }
        }

        try
        {
            return await waiter.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                // Where it has not begun its way, it never does.
                waiter.IsWaiting = false;
            }

            throw;
        }
    }

    // Under the gate: there is room.
    private void LetIn(PublishWaiter waiter)
    {
        _room--;

        // A message that is to come later, or that counts for itself, is an entry of its own: a batch has one time and numbers without a gap.
        if (_options.Batching is { } batching && waiter.Message.DeliverAt is null && waiter.Message.SequenceId is null)
        {
            Join(waiter, batching);
        }
        else
        {
            SealAll();
            Seal([waiter], isBatch: _options.Compression != MessageCompression.None && waiter.Message.DeliverAt is null);
        }
    }

    // Under the gate: so many messages are on their way no more. Those that wait are let in on another thread: room often comes on that of a ledger, or in the middle of entries being handed over.
    private void GiveRoom(int messages)
    {
        _room += messages;
        if (_waiting.Count > 0 && !_isLettingIn)
        {
            _isLettingIn = true;
            ThreadPool.UnsafeQueueUserWorkItem(static publisher => publisher.LetWaitingIn(), this, preferLocal: false);
        }
    }

    private void LetWaitingIn()
    {
        lock (_gate)
        {
            _isLettingIn = false;
            while (_room > 0 && _waiting.TryDequeue(out var waiter))
            {
                if (waiter.IsWaiting)
                {
                    waiter.IsWaiting = false;
                    LetIn(waiter);
                }
            }
        }
    }
}
