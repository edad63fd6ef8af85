using System.Collections.Immutable;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Sessions;

/// <summary>A mutation of a causal session that is carried out at the store: it brings its dependencies itself.</summary>
internal sealed class DependentMutation(StateMutation inner, ImmutableSortedDictionary<string, VectorClock> dependencies) : StateMutation
{
    /// <inheritdoc/>
    public override StateRecord Delta(StateRecord? current, in MutationContext context) => inner.Delta(current, context with { Dependencies = WithReplaced(dependencies, current) });

    /// <summary>
    /// What a write depends on, with what the version depends on that it replaces: that one counts among its causes even where the writer has not read it, since the new version's clock includes it.
    /// </summary>
    public static ImmutableSortedDictionary<string, VectorClock>? WithReplaced(ImmutableSortedDictionary<string, VectorClock>? dependencies, StateRecord? current) =>
        dependencies is null || current?.Causality is not { Dependencies.IsEmpty: false } causality ? dependencies : Causality.Union(dependencies, causality.Dependencies);
}
