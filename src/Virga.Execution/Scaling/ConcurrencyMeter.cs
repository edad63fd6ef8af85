namespace Virga.Execution.Scaling;

/// <summary>
/// How many calls a function had at a time (in flight and waiting), averaged by time over the last minute or less. The integral
/// of the concurrency is kept in buckets of one second. Not safe for use by several threads: the lock of the function's pool guards it.
/// </summary>
internal sealed class ConcurrencyMeter
{
    // A minute of closed buckets, one more that a window cuts through, and the open one; a power of two is masked, not divided.
    private const int Ring = 64;

    private readonly long[] _closed = new long[Ring];
    private readonly long _second;
    private readonly long _origin;
    private long _last;
    private long _bucket;
    private long _bucketEnd;
    private long _open;
    private int _concurrency;

    /// <param name="timestamp">The function's first moment: no window reaches further back.</param>
    /// <param name="frequency">Timestamps in a second: <see cref="TimeProvider.TimestampFrequency"/>.</param>
    public ConcurrencyMeter(long timestamp, long frequency)
    {
        _origin = _last = timestamp;
        _second = frequency;
        _bucketEnd = timestamp + frequency;
    }

    /// <summary>The longest window that it can average over.</summary>
    public static TimeSpan LongestWindow { get; } = TimeSpan.FromSeconds(60);

    /// <summary>Calls at the moment.</summary>
    public int Concurrency => _concurrency;

    /// <summary>Notes that calls came or went. A timestamp before the last one counts as the last one: callers may have read it before they got the lock.</summary>
    public void Change(int delta, long timestamp)
    {
        Advance(timestamp);
        _concurrency += delta;
    }

    /// <summary>Calls at a time, on average from <paramref name="window"/> ago (or the function's first moment, if that is later) until <paramref name="now"/>.</summary>
    public double Average(TimeSpan window, long now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(window, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(window, LongestWindow);
        Advance(now);
        var length = Math.Min((long)(window.TotalSeconds * _second), _last - _origin);
        if (length == 0)
        {
            return _concurrency;
        }

        double integral = _open;
        var left = length - (_last - (_bucketEnd - _second));
        if (left < 0)
        {
            // Within the open bucket: what lies before the window is taken to be spread evenly.
            return (double)_open / (length - left);
        }

        var bucket = _bucket;
        for (; left >= _second; left -= _second)
        {
            integral += _closed[--bucket & (Ring - 1)];
        }

        if (left > 0)
        {
            integral += _closed[--bucket & (Ring - 1)] * ((double)left / _second);
        }

        return integral / length;
    }

    private void Advance(long timestamp)
    {
        if (timestamp >= _bucketEnd)
        {
            CloseUntil(timestamp);
        }
        else if (timestamp <= _last)
        {
            return;
        }

        _open += (timestamp - _last) * _concurrency;
        _last = timestamp;
    }

    private void CloseUntil(long timestamp)
    {
        _closed[_bucket & (Ring - 1)] = _open + ((_bucketEnd - _last) * _concurrency);
        var passed = 1 + ((timestamp - _bucketEnd) / _second);

        // After a long silence, or a suspended machine, the whole ring holds the same.
        for (var i = 1; i < Math.Min(passed, Ring + 1); i++)
        {
            _closed[(_bucket + i) & (Ring - 1)] = _second * _concurrency;
        }

        _bucket += passed;
        _bucketEnd += passed * _second;
        _last = _bucketEnd - _second;
        _open = 0;
    }
}
