namespace Virga.State.Sketches;

/// <summary>
/// Adds numbers to the levels of a <see cref="QuantileSketch"/>. Levels that nothing is added to are not copied. It draws no lots: which numbers go up follows from the seed and the
/// count, so that whoever works an addition out again gets the same.
/// </summary>
internal sealed class QuantileCompactor
{
    // Of the capacity of the level above it, a level has two thirds, and never less than eight.
    private const double Shrink = 2.0 / 3;
    private const int MinCapacity = 8;

    private readonly QuantileSketch _before;
    private readonly ulong _seed;
    private readonly List<List<double>?> _changed = [];
    private int _levels;
    private int _retained;
    private int _capacity;
    private ulong _count;

    public QuantileCompactor(QuantileSketch before, ulong seed)
    {
        _before = before;
        _seed = seed;
        _levels = Math.Max(1, before.Levels.Length);
        foreach (ref readonly var level in before.Levels)
        {
            _retained += level.Items.Length;
            _count = Math.Max(_count, level.Stamp);
        }

        _capacity = CapacityOfAll();
    }

    public void Add(double number)
    {
        Own(0).Add(number);
        _count++;
        if (++_retained > _capacity)
        {
            Compact();
        }
    }

    /// <summary>The levels that were changed, with the count of now; all others unknown.</summary>
    public QuantileLevel[] Changed()
    {
        var levels = new QuantileLevel[_changed.Count];
        for (var i = 0; i < levels.Length; i++)
        {
            _changed[i]?.Sort();
            levels[i] = _changed[i] is { } items ? new QuantileLevel(_count, [.. items]) : QuantileLevel.Unknown;
        }

        return levels;
    }

    // The lowest level that is full: there is one, since all together are. Half of its numbers go up, so that one compaction is enough.
    private void Compact()
    {
        var level = 0;
        while (LengthOf(level) < Math.Max(2, CapacityOf(level)))
        {
            level++;
        }

        var (from, to) = (Own(level), Own(level + 1));
        from.Sort();
        var kept = from.Count & 1;
        var second = (int)(XxHash64.Mix(unchecked(_seed + (_count * 0x9E3779B97F4A7C15) + (ulong)level)) & 1);
        for (var i = kept + second; i < from.Count; i += 2)
        {
            to.Add(from[i]);
        }

        _retained -= (from.Count - kept) / 2;
        from.RemoveRange(kept, from.Count - kept);
        if (level + 1 == _levels)
        {
            _levels++;
            _capacity = CapacityOfAll();
        }
    }

    private List<double> Own(int level)
    {
        while (_changed.Count <= level)
        {
            _changed.Add(null);
        }

        return _changed[level] ??= level < _before.Levels.Length ? [.. _before.Levels[level].Items] : [];
    }

    private int LengthOf(int level) =>
        level < _changed.Count && _changed[level] is { } items ? items.Count : level < _before.Levels.Length ? _before.Levels[level].Items.Length : 0;

    private int CapacityOf(int level) => Math.Max(MinCapacity, (int)Math.Ceiling(_before.Size * Math.Pow(Shrink, _levels - level - 1)));

    private int CapacityOfAll()
    {
        var all = 0;
        for (var level = 0; level < _levels; level++)
        {
            all += CapacityOf(level);
        }

        return all;
    }
}
