using System.Collections.Immutable;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Sessions;

/// <summary>What a chain of invocations has read and written, as far as its consistency asks to remember it. Several calls on one node may share it.</summary>
public sealed class StateSession : IInvocationSession
{
    private readonly int _mostKeys;
    private ImmutableSortedDictionary<string, VectorClock>? _dependencies;

    internal StateSession(SessionId id, Consistency consistency, int mostKeys = 65_536)
    {
        Id = id;
        Consistency = consistency;
        _mostKeys = mostKeys;
    }

    /// <summary>Names it on all nodes; a DAG that starts again has a new one.</summary>
    public SessionId Id { get; }

    /// <summary>What its reads may rely on; never <see cref="Consistency.Lww"/>, which needs no session.</summary>
    public Consistency Consistency { get; }

    /// <summary>Whether a version that it has read is gone: whatever runs in it must start again in another session.</summary>
    public bool IsLost { get; private set; }

    /// <summary>A version that it has read is gone. Said by whoever throws <see cref="SessionLostException"/>, since a function may catch what it gets of that.</summary>
    public void MarkLost() => IsLost = true;

    /// <summary>Taken for every look at the members below.</summary>
    internal Lock Lock { get; } = new();

    /// <summary>The scope of its keys: that of the first one. Keys of another scope are read as without a session.</summary>
    internal Scope? Scope { get; private set; }

    /// <summary>Repeatable reads: the versions that it has from each key on.</summary>
    internal Dictionary<string, PinnedVersion> Pins { get; } = new(StringComparer.Ordinal);

    /// <summary>Causal: how new each key must be.</summary>
    internal Dictionary<string, SeenVersion> Seen { get; } = new(StringComparer.Ordinal);

    /// <summary>Nodes that keep versions for it.</summary>
    internal SortedSet<NodeName> Keepers { get; } = [];

    /// <summary>Whether it came from another node, and what it depends on was not yet looked for here.</summary>
    internal bool IsForeign { get; set; }

    /// <summary>Whether a key belongs to its scope.</summary>
    internal bool Covers(StateKey key)
    {
        lock (Lock)
        {
            Scope ??= key.Scope;
            return Scope == key.Scope;
        }
    }

    internal void SetScope(Scope scope) => Scope = scope;

    /// <summary>Keeps a version, unless there is one already that it may not replace; the caller holds the lock.</summary>
    /// <returns>The version that the session has from now on.</returns>
    internal PinnedVersion Pin(string key, PinnedVersion pin)
    {
        if (Pins.TryGetValue(key, out var known))
        {
            // Once read, a key changes by the session's own writes alone; that a version was fetched only says that it is here now.
            if (!pin.IsWritten && known.IsHere)
            {
                return known;
            }
        }
        else
        {
            RefuseTooMany(Pins.Count);
        }

        return Pins[key] = pin;
    }

    /// <summary>The session has seen a version; the caller holds the lock.</summary>
    internal void See(string key, VectorClock clock)
    {
        if (clock.Entries.Count == 0)
        {
            return;
        }

        if (!Seen.TryGetValue(key, out var seen))
        {
            RefuseTooMany(Seen.Count);
            Seen[key] = seen = new SeenVersion();
        }

        var merged = seen.Clock.Merge(clock);
        if (!ReferenceEquals(merged, seen.Clock))
        {
            seen.Clock = merged;
            _dependencies = null;
        }
    }

    /// <summary>The session has read a record here, or written it: it has seen it and all that it depends on. The caller holds the lock.</summary>
    internal void See(string key, StateRecord? record)
    {
        if (record?.Causality is not { } causality)
        {
            return;
        }

        if (Seen.TryGetValue(key, out var seen) && ReferenceEquals(seen.Last, record))
        {
            return;
        }

        See(key, causality.Clock);
        foreach (var (dependency, clock) in causality.Dependencies)
        {
            See(dependency, clock);
        }

        if (Seen.TryGetValue(key, out seen))
        {
            seen.Last = record;
            seen.Elsewhere = null;
        }
    }

    /// <summary>All that it has seen, as a write to a key depends on it.</summary>
    internal ImmutableSortedDictionary<string, VectorClock> DependenciesOf(string key)
    {
        lock (Lock)
        {
            if (_dependencies is null)
            {
                var builder = Causality.NoDependencies.ToBuilder();
                foreach (var (text, seen) in Seen)
                {
                    builder.Add(text, seen.Clock);
                }

                _dependencies = builder.ToImmutable();
            }

            return _dependencies.Remove(key);
        }
    }

    private void RefuseTooMany(int count)
    {
        if (count >= _mostKeys)
        {
            throw new ProblemException(KnownProblems.InvalidRequest(
                $"A session with the consistency {Consistency} may read and write {_mostKeys:N0} keys; this one goes on to others.",
                "Use lww, or read fewer keys in one session."));
        }
    }
}
