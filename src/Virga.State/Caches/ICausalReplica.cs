using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Caches;

/// <summary>What sessions across nodes ask of a cache, beyond what a replica gives.</summary>
internal interface ICausalReplica
{
    /// <summary>As <see cref="Replicas.IStateReplica.TryRead"/>, as part of a causal cut: nothing that it depends on is shown in an older version afterwards.</summary>
    bool TryReadCut(StateKey key, out StateRecord? record);

    /// <summary>The same, from the store where the node does not have it.</summary>
    ValueTask<StateRecord?> ReadCutAsync(StateKey key, CancellationToken cancellation);

    /// <summary>Whether all that this node has written to a key is in the store.</summary>
    bool IsStored(StateKey key);

    /// <summary>Whether the key is in the cache, or on its way there.</summary>
    bool IsInMemory(StateKey key);

    /// <summary>Compares keys that are in the cache with the store.</summary>
    ValueTask RefreshAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation);

    /// <summary>A key's record with all that it depends on and the store does not have; completes when none of it can be lost any more.</summary>
    ValueTask<IReadOnlyList<StateDelta>> ClosureAsync(StateKey key, CancellationToken cancellation);

    /// <summary>Completes when what the key shows cannot be lost any more.</summary>
    ValueTask DurableAsync(StateKey key, CancellationToken cancellation);

    /// <summary>Takes versions from another cache, together, as if they had been written here.</summary>
    ValueTask AdoptAsync(IReadOnlyList<StateDelta> records, CancellationToken cancellation);

    /// <summary>Completes when all that was written here before is in the store.</summary>
    ValueTask FlushAsync(CancellationToken cancellation);
}
