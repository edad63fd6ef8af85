using Virga.Composition.Dags.Steps;

namespace Virga.Composition.Dags;

/// <summary>Counts pieces of work that nobody awaits where they begin; whoever closes waits for the last one.</summary>
internal sealed class RunningWork
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count = 1;

    /// <summary>One more.</summary>
    public void Enter() => Interlocked.Increment(ref _count);

    /// <summary>One less.</summary>
    public void Exit()
    {
        if (Interlocked.Decrement(ref _count) == 0)
        {
            _done.TrySetResult();
        }
    }

    /// <summary>Releases a value; what that takes is counted.</summary>
    public void Release(StepValue value)
    {
        var released = value.ReleaseAsync();
        if (!released.IsCompletedSuccessfully)
        {
            Enter();
            _ = AwaitAsync(released);
        }
    }

    /// <summary>Ends when all that has entered has left. Called once.</summary>
    public Task CloseAsync()
    {
        Exit();
        return _done.Task;
    }

    private async Task AwaitAsync(ValueTask released)
    {
        try
        {
            await released;
        }
        finally
        {
            Exit();
        }
    }
}
