using System.Collections.Concurrent;

namespace Virga.Execution.Processes;

/// <summary>
/// A thread that runs what it is given, one thing after the other, for as long as the object lives. For work that
/// the kernel ties to one thread (a child's parent-death signal, a thread's own mount namespace), or that blocks for
/// longer than a thread of the pool should.
/// </summary>
internal sealed class DedicatedThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    internal DedicatedThread(string name)
    {
        _thread = new Thread(RunAll) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> on the thread and waits for it; its exception comes back to the caller.</summary>
    internal T Run<T>(Func<T> work) => RunAsync(work).GetAwaiter().GetResult();

    /// <summary>Runs <paramref name="work"/> on the thread; its exception comes with the task.</summary>
    internal Task<T> RunAsync<T>(Func<T> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                result.SetResult(work());
            }
            catch (Exception failure)
            {
                result.SetException(failure);
            }
        });
        return result.Task;
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void RunAll()
    {
        foreach (Action work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
