using System.Numerics;

namespace Virga.Telemetry.Usage;

/// <summary>
/// Counts durations in buckets whose width grows with the value (log-linear, as in HdrHistogram: eight buckets per power of two). Any percentile is off
/// by at most <see cref="RelativeError"/> of its value, or <see cref="Unit"/> / 2 where that is more. Under 900 bytes, whatever it counts. Not thread-safe.
/// </summary>
internal sealed class LatencyHistogram
{
    /// <summary>The greatest error of a percentile, as a share of its value: half of the widest bucket.</summary>
    public const double RelativeError = 1.0 / (2 * PerOctave);

    private const int OctaveBits = 3;
    private const int PerOctave = 1 << OctaveBits;
    private const int Octaves = 26;

    /// <summary>The finest resolution: 16 microseconds.</summary>
    public static readonly TimeSpan Unit = TimeSpan.FromMicroseconds(16);

    private readonly uint[] _counts = new uint[PerOctave * (Octaves + 1)];
    private long _count;
    private TimeSpan _max;

    /// <summary>How many durations were counted.</summary>
    public long Count => _count;

    /// <summary>The greatest of them, exactly.</summary>
    public TimeSpan Max => _max;

    /// <summary>Counts a duration; what is over two hours counts as two hours, what is negative as zero.</summary>
    public void Add(TimeSpan duration)
    {
        _counts[IndexOf(Math.Max(0, duration.Ticks) / Unit.Ticks)]++;
        _count++;
        _max = duration > _max ? duration : _max;
    }

    /// <summary>The duration that the given share (0 to 1) of all is not longer than; zero when none was counted.</summary>
    public TimeSpan Percentile(double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * _count));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                var middle = new TimeSpan((LowerBound(i) + LowerBound(i + 1)) * Unit.Ticks / 2);
                return middle < _max ? middle : _max;
            }
        }

        return TimeSpan.Zero;
    }

    private static int IndexOf(long units)
    {
        if (units < PerOctave)
        {
            return (int)units;
        }

        var octave = BitOperations.Log2((ulong)units) - OctaveBits;
        return octave >= Octaves
            ? (PerOctave * (Octaves + 1)) - 1
            : (PerOctave * (octave + 1)) + (int)((units >> octave) - PerOctave);
    }

    private static long LowerBound(int index) =>
        index < PerOctave ? index : (long)(PerOctave + (index % PerOctave)) << ((index / PerOctave) - 1);
}
