namespace Virga.State.Tests.Support;

/// <summary>The machine's clock, moved by what a test says; its timers are the machine's.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _shift));

    public void Advance(TimeSpan span) => Interlocked.Add(ref _shift, span.Ticks);
}
