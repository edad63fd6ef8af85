namespace Virga.Topics.Ledgers.Segments;

/// <summary>
/// Synchronises the segment on a thread of its own, while the log's thread goes on writing: only with <see cref="LedgerDurability.Interval"/>. Asked and awaited by the log's thread alone,
/// which changes the segment only when nothing goes on here.
/// </summary>
internal sealed class LedgerSynchroniser : IDisposable
{
    private readonly LedgerDisk _disk;
    private readonly Action _ended;
    private readonly SemaphoreSlim _begin = new(0);
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private readonly Thread _thread;
    private Segment? _segment;
    private Exception? _failure;
    private volatile bool _isStopping;

    public LedgerSynchroniser(LedgerDisk disk, Action ended)
    {
        _disk = disk;
        _ended = ended;
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger sync" };
        _thread.Start();
    }

    /// <summary>Whether nothing goes on.</summary>
    public bool IsIdle => _idle.IsSet;

    /// <summary>Begins to synchronise what was written up to now.</summary>
    public void Begin(Segment segment)
    {
        _segment = segment;
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
                _disk.Synchronise(_segment!.File, _segment.Path);
                _failure = null;
            }
            catch (Exception exception)
            {
                // For the log's thread to handle.
                _failure = exception;
            }

            _idle.Set();
            _ended();
        }
    }
}
