namespace Virga.Testing.Simulation;

/// <summary>
/// A world with one thread and its own time: all continuations run here, in one order, and time goes on when nothing is left to do. The same seed gives the same
/// history, to the last step; <see cref="TraceHash"/> proves it.
/// </summary>
public sealed class SimulatedWorld(ulong seed) : SynchronizationContext
{
    private readonly PriorityQueue<Action, (long At, long Order)> _events = new();
    private readonly Queue<(SendOrPostCallback Run, object? State)> _ready = new();
    private long _order;
    private int _thread;
    private volatile string? _escape;

    public ulong Seed { get; } = seed;

    public SeededRandom Random { get; } = new(seed);

    /// <summary>Ticks since the world began.</summary>
    public long Now { get; private set; }

    public ulong TraceHash { get; private set; } = 0xcbf29ce484222325;

    /// <summary>Told of every traced step; for people who look into a history.</summary>
    public Action<string>? Listener { get; set; }

    /// <summary>Whatever ended with an exception that nobody was meant to see.</summary>
    public List<Exception> Failures { get; } = [];

    public static TimeSpan Milliseconds(double count) => TimeSpan.FromMilliseconds(count);

    public TimeSpan Between(double leastMilliseconds, double mostMilliseconds) => Milliseconds(leastMilliseconds + ((mostMilliseconds - leastMilliseconds) * Random.NextDouble()));

    public void After(TimeSpan delay, Action action) => At(Now + Math.Max(0, delay.Ticks), action);

    public void At(long time, Action action) => _events.Enqueue(action, (Math.Max(time, Now), _order++));

    /// <summary>Completes after a while.</summary>
    public Task Pause(TimeSpan delay)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        After(delay, done.SetResult);
        return done.Task;
    }

    public void Trace(string what, ulong a = 0, ulong b = 0)
    {
        foreach (var c in what)
        {
            TraceHash = (TraceHash ^ c) * 0x100000001b3;
        }

        TraceHash = (TraceHash ^ (ulong)Now) * 0x100000001b3;
        TraceHash = (TraceHash ^ a) * 0x100000001b3;
        TraceHash = (TraceHash ^ b) * 0x100000001b3;
        Listener?.Invoke($"{TimeSpan.FromTicks(Now).TotalMilliseconds,10:0.000} {what} {a} {b}");
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            // The order of what follows would be another one in each run.
            _escape ??= $"Something went on in another thread: {Environment.StackTrace}";
        }

        lock (_ready)
        {
            _ready.Enqueue((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new InvalidOperationException("Nothing in the world may wait for another thread.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs a program of the world to its end.</summary>
    /// <exception cref="TimeoutException">It did not end within some time of the world.</exception>
    public void Run(Func<Task> program, TimeSpan limit)
    {
        var before = Current;
        _thread = Environment.CurrentManagedThreadId;
        SetSynchronizationContext(this);
        try
        {
            var running = program();
            var end = Now + limit.Ticks;
            while (!running.IsCompleted)
            {
                if (_escape is { } escape)
                {
                    throw new InvalidOperationException(escape);
                }

                if (TryTakeReady(out var next))
                {
                    next.Run(next.State);
                }
                else if (Now <= end && _events.TryDequeue(out var happens, out var when))
                {
                    Now = when.At;
                    happens();
                }
                else
                {
                    throw new TimeoutException($"The program did not end within {limit} (seed {Seed}).");
                }
            }

            running.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    private bool TryTakeReady(out (SendOrPostCallback Run, object? State) next)
    {
        lock (_ready)
        {
            return _ready.TryDequeue(out next);
        }
    }
}
