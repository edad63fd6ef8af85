namespace Virga.Composition.Messages;

/// <summary>Messages that a running function has not received yet; bounded.</summary>
/// <param name="room">What it takes its memory from.</param>
internal sealed class Mailbox(MailboxRoom room)
{
    /// <summary>That of every call that has ended without one.</summary>
    public static readonly Mailbox Closed = new(new MailboxRoom(0)) { _isClosed = true };

    /// <summary>The most messages.</summary>
    public const int MaxMessages = 1000;

    /// <summary>The most bytes.</summary>
    public const int MaxBytes = 16 << 20;

    // Guards all below; held for a few instructions.
    private readonly Lock _gate = new();
    private readonly Queue<FunctionMessage> _messages = [];
    private int _bytes;
    private bool _isClosed;
    private TaskCompletionSource? _arrival;

    /// <summary>Whether its call has ended.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _isClosed;
            }
        }
    }

    /// <summary>Puts a message in; false when there is no room, or when it is closed.</summary>
    public bool TryPut(in FunctionMessage message)
    {
        TaskCompletionSource? arrival;
        lock (_gate)
        {
            if (_isClosed || _messages.Count >= MaxMessages || _bytes + message.Size > MaxBytes || !room.TryTake(message.Size))
            {
                return false;
            }

            _messages.Enqueue(message);
            _bytes += message.Size;
            (arrival, _arrival) = (_arrival, null);
        }

        arrival?.TrySetResult();
        return true;
    }

    /// <summary>Takes what there is, up to a number.</summary>
    public void Take(List<FunctionMessage> taken, int most)
    {
        lock (_gate)
        {
            while (taken.Count < most && _messages.TryDequeue(out var message))
            {
                _bytes -= message.Size;
                room.Give(message.Size);
                taken.Add(message);
            }
        }
    }

    /// <summary>Its call has ended: what is in it is received by nobody.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _messages.Clear();
            room.Give(_bytes);
            _bytes = 0;
        }
    }

    /// <summary>Completes when there is a message.</summary>
    public Task ArrivalAsync()
    {
        lock (_gate)
        {
            return _messages.Count > 0 ? Task.CompletedTask : (_arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
