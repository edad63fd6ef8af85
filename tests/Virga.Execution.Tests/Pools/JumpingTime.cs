namespace Virga.Execution.Tests.Pools;

/// <summary>The machine's clocks, which a test lets jump. Timers fire by the machine's own.</summary>
internal sealed class JumpingTime : TimeProvider
{
    private long _wall;
    private long _monotonic;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _wall));

    /// <inheritdoc/>
    public override long GetTimestamp() => System.GetTimestamp() + Interlocked.Read(ref _monotonic);

    /// <summary>Somebody sets the machine's clock.</summary>
    public void Set(TimeSpan ahead) => Interlocked.Exchange(ref _wall, ahead.Ticks);

    /// <summary>The machine was suspended: all clocks went on without it.</summary>
    public void Pass(TimeSpan time)
    {
        Interlocked.Add(ref _wall, time.Ticks);
        Interlocked.Add(ref _monotonic, (long)(time.TotalSeconds * TimestampFrequency));
    }
}
