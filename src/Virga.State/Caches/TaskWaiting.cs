namespace Virga.State.Caches;

/// <summary>Waiting with a way out.</summary>
internal static class TaskWaiting
{
    /// <summary>
    /// As <see cref="Task.WaitAsync(CancellationToken)"/>, for a task that another thread completes and that does not let others run on that thread. By itself
    /// <c>WaitAsync</c> would go on in the thread pool then, whatever the caller's context: a simulated world would lose sight of it.
    /// </summary>
    public static async Task HereAsync(this Task task, CancellationToken cancellation)
    {
        if (task.IsCompleted || !cancellation.CanBeCanceled)
        {
            await task;
        }
        else
        {
            await FollowAsync(task).WaitAsync(cancellation);
        }
    }

    /// <summary>Ends when another task ends, where the caller runs.</summary>
    public static async Task FollowAsync(Task task) => await task;
}
