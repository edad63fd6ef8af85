namespace Virga.Streams.Windows;

/// <summary>
/// Windows of so many messages of a key: one closes when it is full, and the next one begins with all but the oldest few of it (with nothing, where windows tumble).
/// Time and watermark play no part; no message is late.
/// </summary>
/// <typeparam name="T">The messages.</typeparam>
public sealed class CountWindows<T> : Windowing<T>
    where T : class, IWindowed
{
    private readonly int _size;
    private readonly int _slide;
    private readonly Dictionary<string, List<T>> _keys = new(StringComparer.Ordinal);
    private readonly List<WindowClosing<T>> _full = [];

    /// <summary>Windows of a number of messages.</summary>
    /// <param name="size">How many messages each has.</param>
    /// <param name="slide">After how many more messages the next one closes; at most <paramref name="size"/>.</param>
    public CountWindows(int size, int slide)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slide);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, slide);
        _size = size;
        _slide = slide;
    }

    /// <inheritdoc/>
    public override bool Add(T message, bool isReplayed)
    {
        if (!_keys.TryGetValue(message.Key, out var held))
        {
            _keys.Add(message.Key, held = []);
        }

        held.Add(message);
        Held++;
        if (held.Count == _size)
        {
            var messages = held.ToArray();
            var window = new ClosedWindow<T>(message.Key, new WindowSpan(messages.Min(static one => one.Time), messages.Max(static one => one.Time) + 1), messages);

            // Closed by this message and no other, so its place numbers the closing.
            _full.Add(new WindowClosing<T>(message.Sequence, [window], messages[.._slide]));
            held.RemoveRange(0, _slide);
            Held -= _slide;
            if (held.Count == 0)
            {
                _keys.Remove(message.Key);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WindowClosing<T>> Close()
    {
        if (_full.Count == 0)
        {
            return [];
        }

        var closings = _full.ToArray();
        _full.Clear();
        return closings;
    }
}
