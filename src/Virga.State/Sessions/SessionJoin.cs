namespace Virga.State.Sessions;

/// <summary>Where branches of a DAG meet, their sessions become one again.</summary>
internal static class SessionJoin
{
    public static StateSession Of(IReadOnlyList<StateSession> sessions, int mostKeys)
    {
        var first = sessions[0];
        if (sessions.All(session => ReferenceEquals(session, first)))
        {
            return first;
        }

        var joined = new StateSession(first.Id, first.Consistency, mostKeys);
        foreach (var session in sessions)
        {
            if (session.Id != first.Id)
            {
                throw new ArgumentException($"The sessions {first.Id} and {session.Id} are not branches of one.", nameof(sessions));
            }

            lock (session.Lock)
            {
                Add(joined, session);
            }
        }

        return joined;
    }

    private static void Add(StateSession joined, StateSession session)
    {
        if (session.Scope is { } scope)
        {
            joined.SetScope(scope);
        }

        joined.IsForeign |= session.IsForeign;
        joined.Keepers.UnionWith(session.Keepers);
        foreach (var (key, pin) in session.Pins)
        {
            joined.Pins[key] = joined.Pins.TryGetValue(key, out var known) ? PinnedVersion.Prevailing(known, pin) : pin;
        }

        foreach (var (key, seen) in session.Seen)
        {
            joined.See(key, seen.Clock);
            if (seen.Elsewhere is { } elsewhere && joined.Seen.TryGetValue(key, out var known))
            {
                known.Elsewhere = [.. known.Elsewhere ?? [], .. elsewhere];
            }
        }
    }
}
