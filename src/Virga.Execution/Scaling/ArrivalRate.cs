namespace Virga.Execution.Scaling;

/// <summary>How often something happens: an average that forgets exponentially. Not safe for use by several threads.</summary>
/// <param name="memory">The time constant: what is this long past counts 1/e.</param>
/// <param name="frequency">Timestamps in a second: <see cref="TimeProvider.TimestampFrequency"/>.</param>
internal sealed class ArrivalRate(TimeSpan memory, long frequency)
{
    private double _perSecond;
    private long _last;

    /// <summary>Notes that it happened.</summary>
    public void Note(long timestamp) => _perSecond = PerSecond(timestamp) + (1 / memory.TotalSeconds);

    /// <summary>Times a second, lately.</summary>
    public double PerSecond(long timestamp)
    {
        if (timestamp > _last)
        {
            _perSecond *= Math.Exp(-(timestamp - _last) / (double)frequency / memory.TotalSeconds);
            _last = timestamp;
        }

        return _perSecond;
    }
}
