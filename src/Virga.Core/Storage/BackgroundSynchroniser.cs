namespace Virga.Core.Storage;

/// <summary>
/// Synchronises a log's file on a thread of its own, while its writer goes on: what is appended meanwhile is in the system's hands at once, however slow the disk is.
/// Asked and awaited by the writer alone, which changes the file only when nothing goes on here.
/// </summary>
public sealed class BackgroundSynchroniser : IDisposable
{
    private readonly Action _synchronise;
    private readonly Action _ended;
    private readonly SemaphoreSlim _begin = new(0);
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private readonly Thread _thread;
    private Exception? _failure;
    private volatile bool _isStopping;

    /// <summary>A synchroniser at rest.</summary>
    /// <param name="name">Its thread's.</param>
    /// <param name="synchronise">Brings to disk what was written up to now; its exceptions are <see cref="End"/>'s.</param>
    /// <param name="ended">Told that a synchronisation has ended.</param>
    public BackgroundSynchroniser(string name, Action synchronise, Action ended)
    {
        _synchronise = synchronise;
        _ended = ended;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Whether nothing goes on.</summary>
    public bool IsIdle => _idle.IsSet;

    /// <summary>Begins to synchronise what was written up to now.</summary>
    public void Begin()
    {
        _idle.Reset();
        _begin.Release();
    }

    /// <summary>Waits for what goes on; gives what went wrong, or null.</summary>
    public Exception? End()
    {
        _idle.Wait();
        return _failure;
    }

    /// <summary>Waits for what goes on, and ends the thread.</summary>
    public void Dispose()
    {
        _idle.Wait();
        _isStopping = true;
        _begin.Release();
        _thread.Join();
        _begin.Dispose();
        _idle.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _begin.Wait();
            if (_isStopping)
            {
                return;
            }

            try
            {
                _synchronise();
                _failure = null;
            }
            catch (Exception exception)
            {
                // The writer's to handle.
                _failure = exception;
            }

            _idle.Set();
            _ended();
        }
    }
}
