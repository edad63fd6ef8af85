using System.Diagnostics;

namespace Virga.Bench.Topics;

/// <summary>Operations that were timed, perhaps in several turns.</summary>
internal sealed class Measured
{
    /// <summary>How long each took, in ticks of the stopwatch.</summary>
    public List<long> Samples { get; } = [];

    /// <summary>How long it went on.</summary>
    public double Seconds { get; set; }

    public Figure ToFigure(string name)
    {
        Samples.Sort();
        return new Figure(name, Samples.Count / Seconds, "/s", Micro(Samples[Samples.Count / 2]), Micro(Samples[Samples.Count * 99 / 100]));
    }

    private static double Micro(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
