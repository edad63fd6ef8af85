using System.Collections.Immutable;

namespace Virga.State.Records;

/// <summary>Where a version stands among all versions of its key, and what it depends on (Cloudburst, VLDB 2020, section 5.2; Bailis et al., "Bolt-on Causal Consistency", 2013).</summary>
/// <param name="Clock">The updates that the version includes.</param>
/// <param name="Dependencies">Keys of the same scope, each with the least clock that a reader of this version may see of it.</param>
public sealed record Causality(VectorClock Clock, ImmutableSortedDictionary<string, VectorClock> Dependencies)
{
    /// <summary>Dependencies on nothing.</summary>
    public static readonly ImmutableSortedDictionary<string, VectorClock> NoDependencies = ImmutableSortedDictionary.Create<string, VectorClock>(StringComparer.Ordinal);

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public int MemoryBytes => 64 + Clock.MemoryBytes + Dependencies.Sum(static d => 96 + (d.Key.Length * 2) + d.Value.MemoryBytes);

    /// <summary>The least upper bound: both clocks, and of each dependency the later. Gives <paramref name="a"/> where the other adds nothing.</summary>
    public static Causality? Merge(Causality? a, Causality? b)
    {
        if (a is null || b is null)
        {
            return a ?? b;
        }

        var clock = a.Clock.Merge(b.Clock);
        var dependencies = a.Dependencies;
        foreach (var (key, other) in b.Dependencies)
        {
            var merged = dependencies.TryGetValue(key, out var known) ? known.Merge(other) : other;
            if (!ReferenceEquals(merged, known))
            {
                dependencies = dependencies.SetItem(key, merged);
            }
        }

        return ReferenceEquals(clock, a.Clock) && ReferenceEquals(dependencies, a.Dependencies) ? a : new Causality(clock, dependencies);
    }
}
