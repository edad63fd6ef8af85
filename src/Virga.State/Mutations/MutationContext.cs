using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Mutations;

/// <summary>When and where a mutation happens.</summary>
/// <param name="Now">A reading of the node's clock, its own alone.</param>
/// <param name="Replica">
/// The writer. What the mutation starts from must include all that this replica ever wrote to the key: a mutation counts on from there, and a count that is given twice loses
/// an update. Who mutates elsewhere than on its own copy does that under another id.
/// </param>
/// <param name="UnixMilliseconds">The moment against which expiries are held.</param>
/// <param name="Dependencies">What the writing session has seen, when it asks for causality: then the delta has a causality with these dependencies; else null.</param>
public readonly record struct MutationContext(
    HybridTimestamp Now,
    ReplicaId Replica,
    long UnixMilliseconds,
    System.Collections.Immutable.ImmutableSortedDictionary<string, VectorClock>? Dependencies = null);
