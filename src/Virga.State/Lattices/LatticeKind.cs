namespace Virga.State.Lattices;

/// <summary>
/// What a key's value is. The numbers are stored and sent: they never change. Where one key holds two kinds within one generation
/// (they were created at the same time on two nodes), the greater number wins everywhere.
/// </summary>
public enum LatticeKind : byte
{
    /// <summary>One value, the one written last.</summary>
    Lww = 1,

    /// <summary>One value with the versions that are concurrent to it: written in a session that asks for causality.</summary>
    Causal = 2,

    /// <summary>A number that is incremented and decremented.</summary>
    Counter = 3,

    /// <summary>A set whose elements are never removed.</summary>
    GrowSet = 4,

    /// <summary>A set; where an element is added and removed at the same time, it stays.</summary>
    Set = 5,

    /// <summary>Members with scores, in the order of the scores.</summary>
    OrderedSet = 6,

    /// <summary>Fields, each a lattice of its own.</summary>
    Map = 7,

    /// <summary>The greatest number ever put.</summary>
    Max = 8,

    /// <summary>The least number ever put.</summary>
    Min = 9,

    /// <summary>False until somebody says true.</summary>
    Flag = 10,

    /// <summary>The last entries, in the order of their times.</summary>
    Log = 11,

    /// <summary>How many different values there were.</summary>
    HyperLogLog = 12,

    /// <summary>How often each value was added, roughly.</summary>
    CountMin = 13,

    /// <summary>The distribution of numbers.</summary>
    Quantiles = 14,

    /// <summary>The values that were added most often.</summary>
    TopK = 15,

    /// <summary>Whether a value was added, seldom with a wrong yes.</summary>
    Bloom = 16,

    /// <summary>Different values, of which unions, intersections and differences are counted.</summary>
    Theta = 17,

    /// <summary>A random sample.</summary>
    Reservoir = 18,
}
