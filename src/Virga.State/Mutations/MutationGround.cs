using System.Runtime.InteropServices;
using Virga.Core.Problems;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Mutations;

/// <summary>What a mutation starts from: a key's live value, or nothing and the generation in which a new one begins.</summary>
/// <param name="Generation">The generation that the mutation belongs to.</param>
/// <param name="Value">The live value; null when there is none.</param>
/// <param name="Clock">The updates of the key that are known.</param>
/// <param name="Expiry">When the live value goes.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MutationGround(HybridTimestamp Generation, Lattice? Value, VectorClock Clock, Expiry? Expiry)
{
    /// <summary>The ground that a key gives at a moment.</summary>
    public static MutationGround Of(StateRecord? current, in MutationContext context)
    {
        if (current is null)
        {
            return new MutationGround(HybridTimestamp.Zero, null, VectorClock.Empty, null);
        }

        var clock = current.Causality?.Clock ?? VectorClock.Empty;
        if (current.Value is null || current.IsLive(context.UnixMilliseconds))
        {
            return new MutationGround(current.Generation, current.Value, clock, current.Value is null ? null : current.Expiry);
        }

        // Every node that finds the value expired begins the same generation, so that what they write then merges.
        var expired = HybridTimestamp.At(current.Expiry!.At);
        return new MutationGround(HybridTimestamp.Max(expired, After(current.Generation)), null, clock, null);
    }

    /// <summary>The live value, as the kind that the mutation is about; null when there is none.</summary>
    /// <exception cref="ProblemException"><c>state-kind-mismatch</c>.</exception>
    public T? Require<T>(LatticeKind kind)
        where T : Lattice =>
        Value is null ? null : Value as T ?? throw KindMismatch(Value.Kind, kind);

    /// <summary>
    /// The record that adds to the value. It counts itself alone: what it was made from is not in it, so that whoever merges it into less does not believe to have more than that.
    /// </summary>
    public StateRecord Delta(Lattice addition, in MutationContext context)
    {
        var causality = IsCausal(context) ? new Causality(VectorClock.Of(context.Replica, Clock[context.Replica] + 1), context.Dependencies ?? Causality.NoDependencies) : null;
        return new StateRecord(Generation, addition, null, causality);
    }

    /// <summary>The causality of what replaces all that is known of the key: it includes that. Null where nobody asks for it.</summary>
    public Causality? Replacing(in MutationContext context) =>
        IsCausal(context) ? new Causality(Clock.Next(context.Replica), context.Dependencies ?? Causality.NoDependencies) : null;

    /// <summary>The reading after all that is known of the key: the clock's, unless some other node's runs ahead and this one's has not been told.</summary>
    public HybridTimestamp Next(HybridTimestamp now)
    {
        var least = After(Generation);
        return HybridTimestamp.Max(now, Value is LwwRegister register ? HybridTimestamp.Max(least, After(register.Timestamp)) : least);
    }

    /// <summary>Says that the key holds another kind.</summary>
    public static ProblemException KindMismatch(LatticeKind found, LatticeKind wanted) =>
        new(KnownProblems.StateKindMismatch($"The key holds a value of the kind '{found.ToName()}', and what was asked is about the kind '{wanted.ToName()}'."));

    // Where updates of a key are counted, all of them are: two contents never have one clock.
    private bool IsCausal(in MutationContext context) => context.Dependencies is not null || Clock.Entries.Count > 0;

    private static HybridTimestamp After(HybridTimestamp timestamp) => new(timestamp.Value == ulong.MaxValue ? ulong.MaxValue : timestamp.Value + 1);
}
