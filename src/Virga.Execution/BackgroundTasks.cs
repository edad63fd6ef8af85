using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Virga.Execution;

/// <summary>Owns tasks that nobody awaits where they begin: reports what fails, and awaits all of them at the end.</summary>
internal sealed partial class BackgroundTasks(ILogger logger)
{
    private readonly ConcurrentDictionary<Task, string> _running = new();

    /// <summary>Takes ownership of a task.</summary>
    /// <param name="task">The task.</param>
    /// <param name="name">What it does, for the log.</param>
    public void Add(Task task, string name)
    {
        if (task.IsCompletedSuccessfully)
        {
            return;
        }

        var watched = WatchAsync(task, name);
        if (_running.TryAdd(watched, name) && watched.IsCompleted)
        {
            _running.TryRemove(watched, out _);
        }

        _ = watched.ContinueWith(static (done, state) => ((ConcurrentDictionary<Task, string>)state!).TryRemove(done, out _), _running, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Waits until all have ended.</summary>
    public async Task WhenAllAsync()
    {
        while (!_running.IsEmpty)
        {
            // Never where the last one ends: what takes it out of the table may come after this on the same stack.
            await Task.WhenAll(_running.Keys).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
    }

    private async Task WatchAsync(Task task, string name)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            LogCancelled(logger, name);
        }
        catch (Exception e)
        {
            LogFailed(logger, name, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cancelled: {Name}")]
    private static partial void LogCancelled(ILogger logger, string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed: {Name}")]
    private static partial void LogFailed(ILogger logger, string name, Exception exception);
}
