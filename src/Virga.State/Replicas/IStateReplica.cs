using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Replicas;

/// <summary>
/// Shared state as one node sees it, at memory speed. On a machine alone it is the store itself (<c>EmbeddedStateStore</c>: its memory is the cache); in a
/// cluster it is the node's cache over the store.
/// </summary>
public interface IStateReplica : IAsyncDisposable
{
    /// <summary>Who writes here.</summary>
    ReplicaId Id { get; }

    /// <summary>What the node has of a key in memory.</summary>
    /// <param name="key">The key.</param>
    /// <param name="record">Its record; null when the key is known to have none. Immutable: keeping the reference keeps the version.</param>
    /// <returns>False when <see cref="ReadAsync"/> has to look elsewhere.</returns>
    bool TryRead(StateKey key, out StateRecord? record);

    /// <summary>The same, from the store where the node does not have it.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>state-unavailable</c>: the store cannot be reached and the key is not in memory.</exception>
    ValueTask<StateRecord?> ReadAsync(StateKey key, CancellationToken cancellation);

    /// <summary>Carries out a mutation on what the node has; completes when it is as durable as the node promises.</summary>
    /// <returns>What the key holds then.</returns>
    /// <exception cref="Core.Problems.ProblemException">What the mutation refuses; <c>state-unavailable</c>, <c>state-overloaded</c>, <c>storage-full</c>.</exception>
    ValueTask<StateRecord> ApplyAsync(StateKey key, StateMutation mutation, System.Collections.Immutable.ImmutableSortedDictionary<string, VectorClock>? dependencies, CancellationToken cancellation);

    /// <summary>Carries out a mutation at the store if a condition holds there.</summary>
    /// <returns>Whether it held, and what the key holds now.</returns>
    ValueTask<(bool Held, StateRecord? Record)> ApplyIfAsync(StateKey key, StateCondition condition, StateMutation mutation, CancellationToken cancellation);

    /// <summary>Merges a version that came from elsewhere, as if it had been written here: it is made durable and passed on.</summary>
    ValueTask<StateRecord> AdoptAsync(StateKey key, StateRecord record, CancellationToken cancellation);

    /// <summary>Keys that exist and begin with a prefix, this node's writes included.</summary>
    ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation);

    /// <summary>Where the change feed ends now.</summary>
    ValueTask<long> CursorAsync(CancellationToken cancellation);

    /// <summary>Changes of keys with a prefix after a cursor; waits up to <paramref name="patience"/> for the first.</summary>
    ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation);
}
