namespace Virga.State.Sketches;

/// <summary>What several writers' sketches of quantiles say together.</summary>
public sealed class QuantileSummary
{
    private readonly double[] _values;

    // Up to and with each value, of how many numbers there are; doubles, since damaged sketches may claim more than 64 bits hold.
    private readonly double[] _upTo;

    /// <summary>Reads sketches together.</summary>
    public QuantileSummary(IReadOnlyList<QuantileSketch> sketches)
    {
        var weighted = new List<(double Value, double Weight)>();
        (Min, Max) = (double.NaN, double.NaN);
        foreach (var sketch in sketches)
        {
            for (var level = 0; level < sketch.Levels.Length; level++)
            {
                foreach (var item in sketch.Levels[level].Items)
                {
                    weighted.Add((item, Math.Pow(2, level)));
                }
            }

            Size = Math.Max(Size, sketch.Size);
            Count = sketch.Count > ulong.MaxValue - Count ? ulong.MaxValue : Count + sketch.Count;
            (Min, Max) = (sketch.Min < Min || double.IsNaN(Min) ? sketch.Min : Min, sketch.Max > Max || double.IsNaN(Max) ? sketch.Max : Max);
        }

        weighted.Sort(static (a, b) => a.Value.CompareTo(b.Value));
        _values = new double[weighted.Count];
        _upTo = new double[weighted.Count];
        double sum = 0;
        for (var i = 0; i < _values.Length; i++)
        {
            (_values[i], sum) = (weighted[i].Value, sum + weighted[i].Weight);
            _upTo[i] = sum;
        }
    }

    /// <summary>How many numbers were added.</summary>
    public ulong Count { get; }

    /// <summary>The greatest size among the sketches; 0 for none.</summary>
    public int Size { get; }

    /// <summary>The least number; not a number when there is none.</summary>
    public double Min { get; }

    /// <summary>The greatest number; not a number when there is none.</summary>
    public double Max { get; }

    /// <summary>The least number that so great a share of all is not greater than; null when there is none.</summary>
    /// <param name="share">0 to 1.</param>
    public double? Quantile(double share)
    {
        if (_values.Length == 0)
        {
            return null;
        }

        if (share is <= 0 or >= 1)
        {
            return share <= 0 ? Min : Max;
        }

        // 0.07 of 100 numbers are 7, though as doubles they are a little more.
        const double Rounding = 1 - 4.4e-16;
        var at = Array.BinarySearch(_upTo, Math.Ceiling(share * _upTo[^1] * Rounding));
        return _values[Math.Min(at < 0 ? ~at : at, _values.Length - 1)];
    }

    /// <summary>The share of all numbers that are not greater than one; null when there is none.</summary>
    public double? Rank(double number)
    {
        var (low, high) = (0, _values.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _values[middle] <= number ? (middle + 1, high) : (low, middle);
        }

        return _values.Length == 0 ? null : low == 0 ? 0 : _upTo[low - 1] / _upTo[^1];
    }
}
