namespace Virga.Telemetry.Logs;

/// <summary>A token bucket: so much at once, so much per second for long.</summary>
internal sealed class RateBound
{
    private readonly double _perSecond;
    private readonly double _burst;
    private readonly TimeProvider _time;

    // Taken only by writers of one function, for a few nanoseconds.
    private readonly Lock _lock = new();
    private double _tokens;
    private long _filledAt;

    public RateBound(double perSecond, double burst, TimeProvider time)
    {
        (_perSecond, _burst, _time) = (perSecond, burst, time);
        (_tokens, _filledAt) = (burst, time.GetTimestamp());
    }

    /// <summary>Takes an amount if it is there.</summary>
    public bool TryTake(int amount)
    {
        var now = _time.GetTimestamp();
        lock (_lock)
        {
            if (now > _filledAt)
            {
                _tokens = Math.Min(_burst, _tokens + (_time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond));
                _filledAt = now;
            }

            if (_tokens < amount)
            {
                return false;
            }

            _tokens -= amount;
            return true;
        }
    }
}
