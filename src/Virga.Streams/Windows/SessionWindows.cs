namespace Virga.Streams.Windows;

/// <summary>
/// Windows of messages that follow each other closely: a session of a key goes on while no two neighbours in time are the gap or more apart, and closes the gap after its last message.
/// A message between two sessions can make one of them.
/// </summary>
/// <typeparam name="T">The messages.</typeparam>
/// <param name="gap">How long without a message ends a session, in milliseconds.</param>
public sealed class SessionWindows<T>(long gap) : Windowing<T>
    where T : class, IWindowed
{
    private readonly SortedDictionary<string, List<Session>> _keys = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(string Key, long End), long> _ends = new();

    /// <inheritdoc/>
    public override bool Add(T message, bool isReplayed)
    {
        var sessions = _keys.GetValueOrDefault(message.Key);
        var joined = new Session(message.Time, message.Time + gap, [message]);
        if (sessions is not null)
        {
            for (var i = sessions.Count - 1; i >= 0; i--)
            {
                if (sessions[i].Start < joined.End && joined.Start < sessions[i].End)
                {
                    joined = sessions[i].With(joined);
                    sessions.RemoveAt(i);
                }
            }
        }

        if (joined.End <= Watermark && !isReplayed)
        {
            // Nothing was joined: an open session ends behind the watermark, and one that holds the message would too.
            return false;
        }

        if (sessions is null)
        {
            _keys.Add(message.Key, sessions = []);
        }

        sessions.Add(joined);
        _ends.Enqueue((message.Key, joined.End), joined.End);
        Held++;
        return true;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<WindowClosing<T>> Close()
    {
        List<WindowClosing<T>>? closings = null;
        while (_ends.TryPeek(out _, out var end) && end <= Watermark)
        {
            if (CloseAt(end) is { } closing)
            {
                (closings ??= []).Add(closing);
            }
        }

        return closings ?? [];
    }

    // Null when every session that was to end then has grown since.
    private WindowClosing<T>? CloseAt(long end)
    {
        var windows = new List<ClosedWindow<T>>();
        var done = new List<T>();
        while (_ends.TryPeek(out var due, out var at) && at == end)
        {
            _ends.Dequeue();
            if (_keys.TryGetValue(due.Key, out var sessions) && sessions.FindIndex(session => session.End == end) is >= 0 and var index)
            {
                var session = sessions[index];
                sessions.RemoveAt(index);
                if (sessions.Count == 0)
                {
                    _keys.Remove(due.Key);
                }

                session.Messages.Sort(Compare);
                Held -= session.Messages.Count;
                windows.Add(new ClosedWindow<T>(due.Key, new WindowSpan(session.Start, session.End), session.Messages));
                done.AddRange(session.Messages);
            }
        }

        windows.Sort(static (left, right) => string.CompareOrdinal(left.Key, right.Key));
        return windows.Count == 0 ? null : new WindowClosing<T>(end, windows, done);
    }

    private sealed record Session(long Start, long End, List<T> Messages)
    {
        public Session With(Session other)
        {
            // The shorter list is copied into the longer, or a session that grows message by message would be copied with each.
            var (into, from) = Messages.Count >= other.Messages.Count ? (Messages, other.Messages) : (other.Messages, Messages);
            into.AddRange(from);
            return new Session(Math.Min(Start, other.Start), Math.Max(End, other.End), into);
        }
    }
}
