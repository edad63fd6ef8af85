namespace Virga.Streams.Windows;

/// <summary>
/// Windows of a fixed length that begin every so often, aligned to 1970 (UTC): tumbling where the two are equal, sliding where windows begin more often than they are long.
/// A message is kept once, in the pane (a stretch between two beginnings) of its time; a window is the panes that it covers.
/// </summary>
/// <typeparam name="T">The messages.</typeparam>
public sealed class TimeWindows<T> : Windowing<T>
    where T : class, IWindowed
{
    private readonly long _size;
    private readonly long _slide;

    // By key, the panes that hold something, by their beginnings.
    private readonly Dictionary<string, SortedDictionary<long, List<T>>> _keys = new(StringComparer.Ordinal);

    // The ends of windows that hold something and have not closed, with the keys that hold something in each.
    private readonly SortedDictionary<long, SortedSet<string>> _ends = [];

    /// <summary>Windows of a length.</summary>
    /// <param name="size">How long each is, in milliseconds.</param>
    /// <param name="slide">How far apart their beginnings are, in milliseconds; divides <paramref name="size"/>.</param>
    public TimeWindows(long size, long slide)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slide);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, slide);
        if (size % slide != 0)
        {
            throw new ArgumentException("The slide does not divide the size.", nameof(slide));
        }

        _size = size;
        _slide = slide;
    }

    /// <inheritdoc/>
    public override bool Add(T message, bool isReplayed)
    {
        var pane = PaneOf(message.Time);

        // The last window that it belongs to is the one that begins with its pane.
        if (pane + _size <= Watermark)
        {
            return false;
        }

        if (!_keys.TryGetValue(message.Key, out var panes))
        {
            _keys.Add(message.Key, panes = []);
        }

        if (!panes.TryGetValue(pane, out var messages))
        {
            panes.Add(pane, messages = []);
            for (var end = pane + _slide; end <= pane + _size; end += _slide)
            {
                if (end > Watermark)
                {
                    Expect(end, message.Key);
                }
            }
        }

        messages.Add(message);
        Held++;
        return true;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WindowClosing<T>> Close()
    {
        List<WindowClosing<T>>? closings = null;
        while (_ends.Count > 0 && _ends.First() is var (end, keys) && end <= Watermark)
        {
            _ends.Remove(end);
            (closings ??= []).Add(CloseAt(end, keys));
        }

        return closings ?? [];
    }

    private void Expect(long end, string key)
    {
        if (!_ends.TryGetValue(end, out var keys))
        {
            _ends.Add(end, keys = new SortedSet<string>(StringComparer.Ordinal));
        }

        keys.Add(key);
    }

    private WindowClosing<T> CloseAt(long end, SortedSet<string> keys)
    {
        var start = end - _size;
        var windows = new List<ClosedWindow<T>>(keys.Count);
        var done = new List<T>();
        foreach (var key in keys)
        {
            var panes = _keys[key];
            var messages = new List<T>();
            foreach (var (pane, held) in panes)
            {
                if (pane >= end)
                {
                    break;
                }

                messages.AddRange(held);
            }

            messages.Sort(Compare);
            windows.Add(new ClosedWindow<T>(key, new WindowSpan(start, end), messages));

            // The oldest pane of this window is in no later one. Panes before it went with the windows before.
            if (panes.Remove(start, out var oldest))
            {
                done.AddRange(oldest);
                Held -= oldest.Count;
                if (panes.Count == 0)
                {
                    _keys.Remove(key);
                }
            }
        }

        return new WindowClosing<T>(end, windows, done);
    }

    // Towards the past also for times before 1970.
    private long PaneOf(long time) => time - (((time % _slide) + _slide) % _slide);
}
