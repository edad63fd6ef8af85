using Virga.Core.Problems;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Mutations;

/// <summary>Puts a value into a register.</summary>
/// <param name="payload">The value.</param>
/// <param name="timeToLive">How long it stays; null for good.</param>
public sealed class PutMutation(Payload payload, TimeSpan? timeToLive = null) : StateMutation
{
    /// <inheritdoc/>
    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        if (payload.Bytes.Length > Payload.MaxBytes)
        {
            throw new ProblemException(KnownProblems.ValueTooLarge($"The value has {payload.Bytes.Length - 1:N0} bytes; {Payload.MaxBytes - 1:N0} are allowed."));
        }

        if (payload.Bytes.IsEmpty || payload.Tag > PayloadTag.Text)
        {
            throw new ProblemException(KnownProblems.InvalidUpdate("The value has no tag of those that there are: 0 bytes, 1 JSON, 2 text."));
        }

        var ground = MutationGround.Of(current, context);
        return ground.Value switch
        {
            null or LwwRegister when context.Dependencies is null => Plain(ground, context),
            null or LwwRegister or CausalRegister => Causal(ground, context),
            var other => throw MutationGround.KindMismatch(other.Kind, LatticeKind.Lww),
        };
    }

    // A plain put is a generation of its own: of a put and a deletion that did not know of each other the later one holds, as of two puts.
    private StateRecord Plain(in MutationGround ground, in MutationContext context)
    {
        var now = ground.Next(context.Now);
        return new StateRecord(now, new LwwRegister(now, context.Replica, payload), ExpiryFrom(now, context), ground.Replacing(context));
    }

    // Stays within the generation, so that versions whose writers did not know of each other become siblings. A plain put onto a causal register replaces what it
    // has seen, and depends on nothing.
    private StateRecord Causal(in MutationGround ground, in MutationContext context)
    {
        var now = ground.Next(context.Now);
        var dependencies = context.Dependencies ?? Causality.NoDependencies;
        var expiry = ExpiryFrom(now, context) ?? (ground.Value is CausalRegister && ground.Expiry is not null ? new Expiry(now, Expiry.Never) : null);
        return new StateRecord(ground.Generation, CausalRegister.Of(new CausalVersion(ground.Clock.Next(context.Replica), now, dependencies, payload)), expiry);
    }

    private Expiry? ExpiryFrom(HybridTimestamp now, in MutationContext context) =>
        timeToLive is { } span ? new Expiry(now, Math.Max(0, context.UnixMilliseconds + (long)span.TotalMilliseconds)) : null;
}
