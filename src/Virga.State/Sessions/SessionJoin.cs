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

    /// <summary>Takes a branch that was elsewhere into the session that it came from, which others may use meanwhile.</summary>
    public static void Absorb(StateSession session, StateSession branch)
    {
        if (branch.Id != session.Id)
        {
            throw new ArgumentException($"The session {branch.Id} is no branch of {session.Id}.", nameof(branch));
        }

        lock (session.Lock)
        {
            if (session.Scope is null && branch.Scope is { } scope)
            {
                session.SetScope(scope);
            }

            session.Keepers.UnionWith(branch.Keepers);
            foreach (var (key, pin) in branch.Pins)
            {
                // What the branch got from here comes back without its record, which is still here.
                if (!session.Pins.TryGetValue(key, out var known) || known.At != pin.At || known.IsWritten != pin.IsWritten || !known.IsHere)
                {
                    session.Pins[key] = known is null ? pin : PinnedVersion.Prevailing(known, pin);
                }
            }

            foreach (var (key, seen) in branch.Seen)
            {
                var before = session.Seen.GetValueOrDefault(key)?.Clock;
                session.See(key, seen.Clock);
                if (seen.Elsewhere is { } elsewhere && session.Seen.TryGetValue(key, out var known) && (before is null || known.Elsewhere is not null || !before.Includes(seen.Clock)))
                {
                    known.Elsewhere = [.. known.Elsewhere ?? [], .. elsewhere];
                    session.IsForeign = true;
                }
            }
        }
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
