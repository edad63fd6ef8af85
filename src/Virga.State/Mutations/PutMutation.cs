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

        var generation = current?.Generation ?? HybridTimestamp.Zero;
        var expiry = timeToLive is { } span ? new Expiry(context.Now, context.UnixMilliseconds + (long)span.TotalMilliseconds) : current?.Expiry is null ? null : new Expiry(context.Now, Expiry.Never);
        return new StateRecord(generation, new LwwRegister(context.Now, context.Replica, payload), expiry);
    }
}
