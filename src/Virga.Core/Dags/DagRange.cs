using System.Text.Json;

namespace Virga.Core.Dags;

/// <summary>The numbers that all comparisons of one condition leave.</summary>
internal sealed class DagRange
{
    private double _low = double.NegativeInfinity;
    private double _high = double.PositiveInfinity;
    private bool _openLow;
    private bool _openHigh;
    private bool _isBounded;
    private JsonElement? _equal;

    /// <summary>Whether no value is left.</summary>
    public bool IsEmpty => _isBounded
        && (_low > _high
            || (_low.Equals(_high) && (_openLow || _openHigh))
            || (_equal is { } equal && (equal.ValueKind != JsonValueKind.Number || !Contains(equal.GetDouble()))));

    public double Above(double bound, bool orEqual)
    {
        (_isBounded, _openLow) = (true, bound > _low ? !orEqual : _openLow || (bound.Equals(_low) && !orEqual));
        _low = Math.Max(_low, bound);
        return bound;
    }

    public double Below(double bound, bool orEqual)
    {
        (_isBounded, _openHigh) = (true, bound < _high ? !orEqual : _openHigh || (bound.Equals(_high) && !orEqual));
        _high = Math.Min(_high, bound);
        return bound;
    }

    public void Equal(JsonElement value) => _equal = value;

    private bool Contains(double value) => (_openLow ? value > _low : value >= _low) && (_openHigh ? value < _high : value <= _high);
}
