using System.Numerics;

namespace Virga.Hosting.Activity;

/// <summary>
/// Calls and durations of the last <see cref="Seconds"/> whole seconds, one slot each. Durations fall into buckets of a quarter of a power of two (from 16
/// microseconds on), so that a percentile is off by at most an eighth of its value. Not thread-safe.
/// </summary>
internal sealed class LatencyWindow
{
    /// <summary>How far back it looks.</summary>
    public const int Seconds = 10;

    private const int BucketsPerOctave = 4;
    private const int Buckets = BucketsPerOctave * 27;
    private const long UnitTicks = TimeSpan.TicksPerMicrosecond * 16;

    // One more than it looks back: the second that has begun is being written.
    private readonly Slot[] _slots = new Slot[Seconds + 1];

    /// <summary>The second in which it was written last.</summary>
    public long LastSecond { get; private set; } = long.MinValue;

    public void Add(long second, TimeSpan duration, bool failed, bool cold, TimeSpan cpu)
    {
        LastSecond = second;
        ref var slot = ref _slots[(int)(second % _slots.Length)];
        if (slot.Counts is null)
        {
            slot.Counts = new int[Buckets];
        }
        else if (slot.Second != second)
        {
            Array.Clear(slot.Counts);
            (slot.Calls, slot.Errors, slot.ColdStarts, slot.Cpu) = (0, 0, 0, TimeSpan.Zero);
        }

        slot.Second = second;
        slot.Calls++;
        slot.Errors += failed ? 1 : 0;
        slot.ColdStarts += cold ? 1 : 0;
        slot.Cpu += cpu;
        slot.Counts[IndexOf(duration)]++;
    }

    /// <summary>What there was in the <see cref="Seconds"/> seconds before <paramref name="second"/>.</summary>
    public WindowSummary Before(long second)
    {
        Span<int> counts = stackalloc int[Buckets];
        counts.Clear();
        var (calls, errors, coldStarts, cpu) = (0, 0, 0, TimeSpan.Zero);
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            if (slot.Counts is null || slot.Second >= second || slot.Second < second - Seconds)
            {
                continue;
            }

            (calls, errors, coldStarts, cpu) = (calls + slot.Calls, errors + slot.Errors, coldStarts + slot.ColdStarts, cpu + slot.Cpu);
            for (var i = 0; i < Buckets; i++)
            {
                counts[i] += slot.Counts[i];
            }
        }

        return new WindowSummary((double)calls / Seconds, (double)errors / Seconds, (double)coldStarts / Seconds, cpu / Seconds, Percentile(counts, calls, 0.5), Percentile(counts, calls, 0.99));
    }

    private static TimeSpan? Percentile(ReadOnlySpan<int> counts, int calls, double share)
    {
        if (calls == 0)
        {
            return null;
        }

        var (rank, seen) = (Math.Max(1, (int)Math.Ceiling(share * calls)), 0);
        var bucket = 0;
        while ((seen += counts[bucket]) < rank)
        {
            bucket++;
        }

        return new TimeSpan((long)((LowerBound(bucket) + LowerBound(bucket + 1)) / 2 * UnitTicks));
    }

    private static int IndexOf(TimeSpan duration)
    {
        var units = Math.Max(0, duration.Ticks) / UnitTicks;
        if (units < BucketsPerOctave)
        {
            return (int)units;
        }

        var octave = BitOperations.Log2((ulong)units);
        var part = (int)(units >> (octave - 2)) - BucketsPerOctave;
        return Math.Min(((octave - 1) * BucketsPerOctave) + part, Buckets - 1);
    }

    private static double LowerBound(int bucket) =>
        bucket < BucketsPerOctave ? bucket : (BucketsPerOctave + (bucket % BucketsPerOctave)) * Math.Pow(2, (bucket / BucketsPerOctave) - 1);

    private struct Slot
    {
        public long Second;
        public int Calls;
        public int Errors;
        public int ColdStarts;
        public TimeSpan Cpu;
        public int[]? Counts;
    }
}
