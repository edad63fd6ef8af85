using System.Runtime.CompilerServices;
using Virga.State.Lattices;
using Virga.State.Time;

namespace Virga.State.Records;

/// <summary>
/// All that is known of one key, a lattice itself: the product of a clock and of a chain of generations. A deletion starts a new generation, which wins over all that
/// earlier ones hold, and so does a plain put; within a generation the greater kind of value wins, and within a kind values merge. The clock is outside of the chain, so
/// that it counts every update that was ever seen, deleted ones included: what depends on an update can be shown as soon as the update, or what replaced it, is here. Immutable.
/// </summary>
/// <param name="generation">When the key was last deleted, or expired; zero when never.</param>
/// <param name="value">What the key holds; null when it is deleted and nothing was written since.</param>
/// <param name="expiry">When the value goes by itself; null when never.</param>
/// <param name="causality">What the value depends on; null when it was never written in a session that asks for causality.</param>
public sealed class StateRecord(HybridTimestamp generation, Lattice? value, Expiry? expiry = null, Causality? causality = null)
{
    private const int Overhead = 120;

    // In an object, since whoever reads it at the same moment must get all of its sixteen bytes or none.
    private StrongBox<StateVersion>? _version;

    /// <summary>When the key was last deleted, or expired.</summary>
    public HybridTimestamp Generation { get; } = generation;

    /// <summary>What the key holds; null when it is deleted.</summary>
    public Lattice? Value { get; } = value;

    /// <summary>When the value goes by itself.</summary>
    public Expiry? Expiry { get; } = expiry;

    /// <summary>What the value depends on.</summary>
    public Causality? Causality { get; } = Settle(causality, value);

    /// <summary>Names exactly this content, on every node alike; computed when it is first asked for.</summary>
    public StateVersion Version => (_version ??= new StrongBox<StateVersion>(StateVersion.Of(this))).Value;

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public int MemoryBytes => Overhead + (Value?.MemoryBytes ?? 0) + (Causality?.MemoryBytes ?? 0);

    /// <summary>The size of its binary form in bytes, or a little more.</summary>
    public int EncodedBytes => 26 + (Value?.EncodedBytes ?? 0) + (Causality?.MemoryBytes ?? 0);

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

        // Lexicographic: (generation, kind) is a chain, and only within one link of it values merge.
        var order = Generation.CompareTo(other.Generation);
        order = order != 0 ? order : KindNumber.CompareTo(other.KindNumber);
        if (order != 0)
        {
            return order > 0 ? Including(other.Causality) : other.Including(Causality);
        }

        var mergedValue = Value?.Merge(other.Value!);
        var mergedExpiry = Records.Expiry.Merge(Expiry, other.Expiry);
        var mergedCausality = MergeCausality(Causality, other.Causality, mergedValue);
        if (ReferenceEquals(mergedValue, Value) && ReferenceEquals(mergedExpiry, Expiry) && ReferenceEquals(mergedCausality, Causality))
        {
            return this;
        }

        return ReferenceEquals(mergedValue, other.Value) && ReferenceEquals(mergedExpiry, other.Expiry) && ReferenceEquals(mergedCausality, other.Causality)
            ? other
            : new StateRecord(Generation, mergedValue, mergedExpiry, mergedCausality);
    }

    /// <summary>The same with the clock of another, whose value and dependencies count no more.</summary>
    private StateRecord Including(Causality? other)
    {
        if (other is null)
        {
            return this;
        }

        var known = Causality ?? Causality.Nothing;
        var clock = known.Clock.Merge(other.Clock);
        return ReferenceEquals(clock, known.Clock) ? this : new StateRecord(Generation, Value, Expiry, known with { Clock = clock });
    }

    // The versions of a causal register have dependencies of their own, which go with them when a later version replaces them; those of all other kinds stay with the value.
    private static Causality? MergeCausality(Causality? a, Causality? b, Lattice? value)
    {
        if (a is null || b is null || value is not CausalRegister register)
        {
            return Causality.Merge(a, b);
        }

        var clock = a.Clock.Merge(b.Clock);
        return ReferenceEquals(clock, a.Clock) && ReferenceEquals(register.Dependencies, a.Dependencies) ? a
            : ReferenceEquals(clock, b.Clock) && ReferenceEquals(register.Dependencies, b.Dependencies) ? b
            : new Causality(clock, register.Dependencies);
    }

    // One form for each content: a causal register's causality is that of its versions and of what was there before; an empty one is none.
    private static Causality? Settle(Causality? causality, Lattice? value)
    {
        if (value is not CausalRegister register)
        {
            return causality is { Dependencies.IsEmpty: true } && causality.Clock.Entries.Count == 0 ? null : causality;
        }

        var clock = causality is null ? register.Clock : causality.Clock.Merge(register.Clock);
        return causality is not null && ReferenceEquals(clock, causality.Clock) && ReferenceEquals(register.Dependencies, causality.Dependencies)
            ? causality
            : new Causality(clock, register.Dependencies);
    }
}
