namespace Virga.Composition.Tests.Dags.Simulation;

/// <summary>A clock that stands. Short timers run out when the simulation lets them; long ones are bounds that are not met here.</summary>
internal sealed class SimulatedTime(SimulatedEvents events) : TimeProvider
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private long _ticks = DateTimeOffset.UnixEpoch.AddYears(50).UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Increment(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(callback, state);
        if (period == Timeout.InfiniteTimeSpan && dueTime != Timeout.InfiniteTimeSpan && dueTime < Longest)
        {
            events.Add(timer.Fire);
        }

        return timer;
    }

    private sealed class Timer(TimerCallback callback, object? state) : ITimer
    {
        private bool _disposed;

        public void Fire()
        {
            if (!_disposed)
            {
                callback(state);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _disposed = true;

        public ValueTask DisposeAsync()
        {
            _disposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
