namespace Virga.Topics.Clients.Consuming;

/// <summary>Work that was begun for somebody who waits for its end: the work itself reports its failures.</summary>
internal sealed class UnderWay
{
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _tasks = [];

    public void Add(Task task)
    {
        lock (_gate)
        {
            _tasks.Add(task);
        }

        _ = task.ContinueWith(
            static (done, self) =>
            {
                var tasks = (UnderWay)self!;
                lock (tasks._gate)
                {
                    tasks._tasks.Remove(done);
                }
            },
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    public async ValueTask WhenDoneAsync()
    {
        Task[] tasks;
        lock (_gate)
        {
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
