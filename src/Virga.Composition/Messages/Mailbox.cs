namespace Virga.Composition.Messages;

/// <summary>Messages that a running function has not received yet; bounded.</summary>
internal sealed class Mailbox
{
    /// <summary>The most messages.</summary>
    public const int MaxMessages = 1000;

    /// <summary>The most bytes.</summary>
    public const int MaxBytes = 16 << 20;

    // Guards all below; held for a few instructions.
    private readonly Lock _gate = new();
    private readonly Queue<FunctionMessage> _messages = [];
    private int _bytes;
    private TaskCompletionSource? _arrival;

    /// <summary>Puts a message in; false when there is no room.</summary>
    public bool TryPut(in FunctionMessage message)
    {
        TaskCompletionSource? arrival;
        lock (_gate)
        {
            if (_messages.Count >= MaxMessages || _bytes + message.Size > MaxBytes)
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
                taken.Add(message);
            }
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
