using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Mutations;

/// <summary>One change that a user asks for, before it is known what the key holds. Pure: it may be worked out again where a change came in between.</summary>
public abstract class StateMutation
{
    /// <summary>
    /// What the change adds: merged with <paramref name="current"/> it gives the key's new record. It is as small as it can be, since it is what is logged, sent and stored.
    /// </summary>
    /// <param name="current">What the key holds, expired or deleted values included; null when it was never written.</param>
    /// <param name="context">When and where it happens.</param>
    /// <exception cref="Core.Problems.ProblemException"><c>state-kind-mismatch</c> when the key holds another kind of value; <c>value-too-large</c>.</exception>
    public abstract StateRecord Delta(StateRecord? current, in MutationContext context);
}
