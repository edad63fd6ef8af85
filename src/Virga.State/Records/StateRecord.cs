using Virga.State.Lattices;
using Virga.State.Time;

namespace Virga.State.Records;

/// <summary>
/// All that is known of one key, a lattice itself: the product of a generation, a value, an expiry and a causality. A deletion starts a new generation, which wins
/// over all that earlier ones hold; within a generation values merge. Immutable.
/// </summary>
/// <param name="generation">When the key was last deleted, or expired; zero when never.</param>
/// <param name="value">What the key holds; null when it is deleted and nothing was written since.</param>
/// <param name="expiry">When the value goes by itself; null when never.</param>
/// <param name="causality">What the value depends on; null when it was never written in a session that asks for causality.</param>
public sealed class StateRecord(HybridTimestamp generation, Lattice? value, Expiry? expiry = null, Causality? causality = null)
{
    private const int Overhead = 120;
    private StateVersion? _version;

    /// <summary>When the key was last deleted, or expired.</summary>
    public HybridTimestamp Generation { get; } = generation;

    /// <summary>What the key holds; null when it is deleted.</summary>
    public Lattice? Value { get; } = value;

    /// <summary>When the value goes by itself.</summary>
    public Expiry? Expiry { get; } = expiry;

    /// <summary>What the value depends on.</summary>
    public Causality? Causality { get; } = causality;

    /// <summary>Names exactly this content, on every node alike; computed when it is first asked for.</summary>
    public StateVersion Version => _version ??= StateVersion.Of(this);

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public int MemoryBytes => Overhead + (Value?.MemoryBytes ?? 0) + (Causality?.MemoryBytes ?? 0);

    // A deleted key comes before every kind of value of its generation.
    private byte KindNumber => Value is null ? (byte)0 : (byte)Value.Kind;

    /// <summary>Whether the key exists at a moment.</summary>
    /// <param name="unixMilliseconds">The moment.</param>
    public bool IsLive(long unixMilliseconds) => Value is not null && (Expiry is null || Expiry.At > unixMilliseconds);

    /// <summary>The least upper bound of both. Gives <c>this</c> where the other adds nothing.</summary>
    public StateRecord Merge(StateRecord other)
    {
        if (ReferenceEquals(this, other))
        {
            return this;
        }

        // A product in lexicographic order: (generation, kind) is a chain, and only within one link of it the rest merges.
        var order = Generation.CompareTo(other.Generation);
        order = order != 0 ? order : KindNumber.CompareTo(other.KindNumber);
        if (order != 0)
        {
            return order > 0 ? this : other;
        }

        var mergedValue = Value?.Merge(other.Value!);
        var mergedExpiry = Records.Expiry.Merge(Expiry, other.Expiry);
        var mergedCausality = Records.Causality.Merge(Causality, other.Causality);
        if (ReferenceEquals(mergedValue, Value) && ReferenceEquals(mergedExpiry, Expiry) && ReferenceEquals(mergedCausality, Causality))
        {
            return this;
        }

        return ReferenceEquals(mergedValue, other.Value) && ReferenceEquals(mergedExpiry, other.Expiry) && ReferenceEquals(mergedCausality, other.Causality)
            ? other
            : new StateRecord(Generation, mergedValue, mergedExpiry, mergedCausality);
    }
}
