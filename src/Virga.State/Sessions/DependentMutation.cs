using System.Collections.Immutable;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Sessions;

/// <summary>A mutation of a causal session that is carried out at the store: it brings its dependencies itself.</summary>
internal sealed class DependentMutation(StateMutation inner, ImmutableSortedDictionary<string, VectorClock> dependencies) : StateMutation
{
    /// <inheritdoc/>
    public override StateRecord Delta(StateRecord? current, in MutationContext context) => inner.Delta(current, context with { Dependencies = dependencies });
}
