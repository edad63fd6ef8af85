namespace Virga.Pulsar.Connections;

/// <summary>The requests of a connection that take time, so that their number is bounded and the connection ends after them.</summary>
internal sealed class RunningRequests
{
    // As many as a client may begin at once by its own limits, twice.
    private const int Most = 10_000;

    // Guards the two fields.
    private readonly Lock _gate = new();
    private int _running;
    private TaskCompletionSource? _ended;

    /// <summary>Begins one; false when there are too many.</summary>
    public bool TryBegin()
    {
        lock (_gate)
        {
            if (_running >= Most)
            {
                return false;
            }

            _running++;
            return true;
        }
    }

    /// <summary>One has ended.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (--_running == 0)
            {
                _ended?.SetResult();
                _ended = null;
            }
        }
    }

    /// <summary>Completes when none is left.</summary>
    public Task EndedAsync()
    {
        lock (_gate)
        {
            return _running == 0 ? Task.CompletedTask : (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
