using System.Collections.Immutable;

namespace Virga.State.Records;

/// <summary>Where a version stands among all versions of its key, and what it depends on (Cloudburst, VLDB 2020, section 5.2; Bailis et al., "Bolt-on Causal Consistency", 2013).</summary>
/// <param name="Clock">The updates that the version includes.</param>
/// <param name="Dependencies">Keys of the same scope, each with the least clock that a reader of this version may see of it.</param>
public sealed record Causality(VectorClock Clock, ImmutableSortedDictionary<string, VectorClock> Dependencies)
{
    /// <summary>Dependencies on nothing.</summary>
    public static readonly ImmutableSortedDictionary<string, VectorClock> NoDependencies = ImmutableSortedDictionary.Create<string, VectorClock>(StringComparer.Ordinal);

    /// <summary>Includes nothing and depends on nothing.</summary>
    public static readonly Causality Nothing = new(VectorClock.Empty, NoDependencies);

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public int MemoryBytes => 64 + Clock.MemoryBytes + SizeOf(Dependencies);

    /// <summary>The least upper bound: both clocks, and of each dependency the later. Gives <paramref name="a"/> where the other adds nothing.</summary>
    public static Causality? Merge(Causality? a, Causality? b)
    {
        if (a is null || b is null)
        {
            return a ?? b;
        }

        var clock = a.Clock.Merge(b.Clock);
        var dependencies = Union(a.Dependencies, b.Dependencies);
        return ReferenceEquals(clock, a.Clock) && ReferenceEquals(dependencies, a.Dependencies) ? a : new Causality(clock, dependencies);
    }

    /// <summary>Of each dependency the later. Gives <paramref name="a"/> where the other adds nothing.</summary>
    public static ImmutableSortedDictionary<string, VectorClock> Union(ImmutableSortedDictionary<string, VectorClock> a, ImmutableSortedDictionary<string, VectorClock> b)
    {
        if (ReferenceEquals(a, b) || b.IsEmpty)
        {
            return a;
        }

        var union = a;
        foreach (var (key, other) in b)
        {
            var merged = union.TryGetValue(key, out var known) ? known.Merge(other) : other;
            if (!ReferenceEquals(merged, known))
            {
                union = union.SetItem(key, merged);
            }
        }

        return union;
    }

    /// <summary>Memory that dependencies occupy, in bytes, roughly.</summary>
    internal static int SizeOf(ImmutableSortedDictionary<string, VectorClock> dependencies)
    {
        var bytes = 0;
        foreach (var (key, clock) in dependencies)
        {
            bytes += 96 + (key.Length * 3) + clock.MemoryBytes;
        }

        return bytes;
    }
}
