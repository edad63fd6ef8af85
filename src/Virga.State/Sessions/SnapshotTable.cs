using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Sessions;

/// <summary>
/// The versions that a node keeps for sessions which have gone on to other nodes. A record is immutable, so that keeping one is keeping a reference. They go when
/// the session ends, or when nothing was heard of it for long: who was to end it is gone.
/// </summary>
internal sealed class SnapshotTable(TimeProvider time, TimeSpan life)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SessionId, Kept> _sessions = [];

    /// <summary>Sessions for which something is kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    public void Keep(SessionId session, StateKey key, StateVersion version, StateRecord record)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session, out var kept))
            {
                _sessions[session] = kept = new Kept();
            }

            kept.Records[(key, version)] = record;
            kept.UsedAt = time.GetTimestamp();
        }
    }

    public StateRecord? Find(SessionId session, StateKey key, StateVersion version)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session, out var kept))
            {
                return null;
            }

            kept.UsedAt = time.GetTimestamp();
            return kept.Records.GetValueOrDefault((key, version));
        }
    }

    public void Drop(SessionId session)
    {
        lock (_lock)
        {
            _sessions.Remove(session);
        }
    }

    public void DropForgotten()
    {
        lock (_lock)
        {
            foreach (var (session, kept) in _sessions.ToArray())
            {
                if (time.GetElapsedTime(kept.UsedAt) > life)
                {
                    _sessions.Remove(session);
                }
            }
        }
    }

    private sealed class Kept
    {
        public Dictionary<(StateKey Key, StateVersion Version), StateRecord> Records { get; } = [];

        public long UsedAt { get; set; }
    }
}
