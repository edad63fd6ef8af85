namespace Virga.Triggers.Dispatching;

/// <summary>
/// How many calls a trigger has at a time: as many as there is work for, up to its bound, and as the pools allow. It doubles from round to round until the pools refuse a call for the first time, then
/// grows by one a round, and halves at each refusal: additive increase, multiplicative decrease, as TCP's congestion avoidance (Chiu and Jain, 1989), which shares what there is
/// evenly among triggers that know nothing of each other. Calls that wait for an instance are what the autoscaler goes by, so that a backlog starts instances. Pure.
/// </summary>
/// <param name="bound">The greatest number, at least 1.</param>
internal sealed class ConcurrencyLimit(int bound)
{
    private const double Decrease = 0.5;

    private int _bound = bound;
    private double _limit = 1;
    private bool _wasRefused;

    /// <summary>Calls at a time.</summary>
    public int Current => (int)_limit;

    /// <summary>The greatest number; may change with the function.</summary>
    public int Bound
    {
        get => _bound;
        set
        {
            _bound = Math.Max(1, value);
            _limit = Math.Min(_limit, _bound);
        }
    }

    /// <summary>A call was served.</summary>
    /// <param name="hasMore">Whether there is work that only the limit keeps waiting: else more of it would change nothing.</param>
    public void Served(bool hasMore)
    {
        if (hasMore)
        {
            _limit = Math.Min(_bound, _limit + (_wasRefused ? 1 / _limit : 1));
        }
    }

    /// <summary>The pools have refused calls that had begun when the limit was so high: one refusal of a round counts.</summary>
    public void Refused()
    {
        _wasRefused = true;
        _limit = Math.Max(1, _limit * Decrease);
    }
}
