using System.Diagnostics;

namespace Virga.Bench.Topics.Load;

/// <summary>How long single operations took, in ticks of the stopwatch. One thread at a time.</summary>
internal sealed class Samples
{
    private readonly List<long> _ticks = new(1 << 16);

    public int Count => _ticks.Count;

    public void Add(long ticks) => _ticks.Add(ticks);

    public void AddAll(Samples other) => _ticks.AddRange(other._ticks);

    public void Sort() => _ticks.Sort();

    /// <summary>The smallest that a share of them do not exceed, in microseconds; they are sorted. 0 where there is none.</summary>
    public double Micros(double share) =>
        _ticks.Count == 0 ? 0 : _ticks[Math.Clamp((int)Math.Ceiling(share * _ticks.Count) - 1, 0, _ticks.Count - 1)] * 1e6 / Stopwatch.Frequency;
}
