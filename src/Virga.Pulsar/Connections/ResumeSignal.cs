namespace Virga.Pulsar.Connections;

/// <summary>Wakes the one who waits. Ask for <see cref="Next"/> first, look whether there is still a reason to wait, then wait: no signal is missed.</summary>
internal sealed class ResumeSignal
{
    // Guards the one field.
    private readonly Lock _gate = new();
    private TaskCompletionSource? _next;

    /// <summary>Completes at the next signal.</summary>
    public Task Next()
    {
        lock (_gate)
        {
            return (_next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Signals.</summary>
    public void Set()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            (waiting, _next) = (_next, null);
        }

        waiting?.SetResult();
    }
}
