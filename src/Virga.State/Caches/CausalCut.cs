using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Stores;
using Virga.State.Time;

namespace Virga.State.Caches;

/// <summary>
/// Lets records into the cache such that what it shows is a causal cut at every moment: with a version, everything that it depends on is shown as well (Bailis et
/// al., 2013, section 4; Cloudburst, section 5.2). A dependency whose key is not in the cache needs nothing: the store never holds a version without its
/// dependencies, so that whoever reads that key later finds it there. One that is here in an older version is fetched first, with its own dependencies in turn,
/// and all become visible together.
/// </summary>
internal sealed class CausalCut(CacheTable table, IStateStore store, HybridClock clock, DirtyQueue dirty)
{
    private readonly Lock _gate = new();
    private int _sequence;
    private long _broken;

    /// <summary>Dependencies that even the store did not have; always 0 unless the store lost something.</summary>
    public long Broken => Volatile.Read(ref _broken);

    /// <summary>Reads an entry as part of the cut: never while several are becoming visible together.</summary>
    public StateRecord? Read(CacheEntry entry)
    {
        var wait = default(SpinWait);
        while (true)
        {
            var before = Volatile.Read(ref _sequence);
            var shown = entry.Shown;
            if ((before & 1) == 0 && before == Volatile.Read(ref _sequence))
            {
                return shown;
            }

            wait.SpinOnce();
        }
    }

    /// <summary>Lets records in.</summary>
    /// <param name="records">The records; a key once. For <see cref="InstallKind.Load"/> and <see cref="InstallKind.Adopt"/> all that is known of it, else a part.</param>
    /// <param name="kind">How they came.</param>
    /// <param name="cancellation">Stops it before anything was let in.</param>
    /// <returns>Keys that are not in the cache.</returns>
    /// <exception cref="StateStoreException">Dependencies have to be fetched, and the store cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<StateKey>> InstallAsync(IReadOnlyList<StateDelta> records, InstallKind kind, CancellationToken cancellation)
    {
        var candidates = new Dictionary<StateKey, Candidate>(records.Count);
        var isCausal = false;
        foreach (var record in records)
        {
            candidates[record.Key] = new Candidate(record.Record, kind);
            isCausal |= record.Record.Causality is { Dependencies.IsEmpty: false };
        }

        if (!isCausal)
        {
            return Show(candidates);
        }

        while (Missing(candidates) is { Count: > 0 } missing)
        {
            var found = await store.FindAsync(missing, cancellation);
            var isFurther = false;
            for (var i = 0; i < missing.Count; i++)
            {
                var known = candidates.GetValueOrDefault(missing[i]);
                var merged = known.Record is null ? found[i] : found[i] is null ? known.Record : known.Record.Merge(found[i]!);
                if (merged is null || ReferenceEquals(merged, known.Record))
                {
                    continue;
                }

                isFurther = true;
                candidates[missing[i]] = new Candidate(merged, known.Record is null ? InstallKind.Update : known.Kind);
            }

            if (!isFurther)
            {
                Interlocked.Add(ref _broken, missing.Count);
                break;
            }
        }

        lock (_gate)
        {
            Interlocked.Increment(ref _sequence);
            try
            {
                return Show(candidates);
            }
            finally
            {
                Interlocked.Increment(ref _sequence);
            }
        }
    }

    /// <summary>The keys whose newer versions must become visible together with the candidates.</summary>
    private List<StateKey> Missing(Dictionary<StateKey, Candidate> candidates)
    {
        var missing = new HashSet<StateKey>();
        foreach (var (key, candidate) in candidates)
        {
            if (candidate.Record.Causality is not { Dependencies.IsEmpty: false } causality)
            {
                continue;
            }

            foreach (var (text, least) in causality.Dependencies)
            {
                var dependency = new StateKey(key.Scope, text);
                if (missing.Contains(dependency)
                    || (candidates.TryGetValue(dependency, out var other) && CacheEntry.ClockOf(other.Record).Includes(least))
                    || table.Find(dependency) is not { } entry
                    || entry.KnownClock.Includes(least))
                {
                    continue;
                }

                // Part in the cache, part on its way to it: together they may be enough.
                if (other.Record is not null && entry.KnownClock.Merge(CacheEntry.ClockOf(other.Record)).Includes(least))
                {
                    continue;
                }

                missing.Add(dependency);
            }
        }

        return [.. missing];
    }

    private List<StateKey> Show(Dictionary<StateKey, Candidate> candidates)
    {
        var absent = new List<StateKey>();

        // Dependencies were added last: they go first, so that a full disk among them leaves out what needs them.
        foreach (var (key, candidate) in candidates.Reverse())
        {
            if (candidate.Record.Value is LwwRegister register)
            {
                clock.Observe(register.Timestamp);
            }

            var entry = table.Find(key);
            if (entry is null || !Show(entry, candidate))
            {
                absent.Add(key);
            }
        }

        return absent;
    }

    private bool Show(CacheEntry entry, in Candidate candidate)
    {
        lock (entry.Lock)
        {
            if (entry.IsEvicted)
            {
                return false;
            }

            switch (candidate.Kind)
            {
                case InstallKind.Adopt:
                    if (entry.Shown is null)
                    {
                        return false;
                    }

                    dirty.Write(entry, candidate.Record, limited: false);
                    return true;
                case InstallKind.Update when entry.Shown is null:
                    entry.Arrived = entry.Arrived?.Merge(candidate.Record) ?? candidate.Record;
                    return true;
                default:
                    var merged = (entry.Shown ?? CacheEntry.Nothing).Merge(candidate.Record);
                    if (entry.Shown is null)
                    {
                        merged = Merge(Merge(Merge(merged, entry.Arrived), entry.Flushing), entry.Dirty);
                        entry.Arrived = null;
                    }

                    if (!ReferenceEquals(merged, entry.Shown))
                    {
                        table.Show(entry, merged);
                    }

                    return true;
            }
        }
    }

    private static StateRecord Merge(StateRecord record, StateRecord? other) => other is null ? record : record.Merge(other);

    private readonly record struct Candidate(StateRecord Record, InstallKind Kind);
}
