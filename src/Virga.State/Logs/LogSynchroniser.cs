namespace Virga.State.Logs;

/// <summary>
/// Synchronises the log's file on a thread of its own, while the writer goes on: what is appended meanwhile is in the system's hands at once, however slow the disk is.
/// Asked and awaited by the writer alone, which changes the file only when nothing goes on here.
/// </summary>
internal sealed class LogSynchroniser : IDisposable
{
    private readonly LogSegments _segments;
    private readonly Action _ended;
    private readonly SemaphoreSlim _begin = new(0);
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private readonly Thread _thread;
    private Exception? _failure;
    private volatile bool _isStopping;

    /// <param name="segments">What it synchronises.</param>
    /// <param name="ended">Told that a synchronisation has ended.</param>
    public LogSynchroniser(LogSegments segments, Action ended)
    {
        _segments = segments;
        _ended = ended;
        _thread = new Thread(Run) { IsBackground = true, Name = "state log sync" };
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
                _segments.Synchronise();
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
