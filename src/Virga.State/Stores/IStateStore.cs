using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Stores;

/// <summary>
/// Keeps shared state for good. Every write is a merge, so that nodes may write the same key at the same time, in any order and more than once. What has returned survives
/// the end of every process. All implementations pass one contract suite.
/// </summary>
public interface IStateStore : IAsyncDisposable
{
    /// <summary>Opens it, recovers, and makes its schema. Called once, before anything else.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>state-corrupted</c>, <c>storage-full</c>.</exception>
    ValueTask OpenAsync(CancellationToken cancellation);

    /// <summary>What is known of each key, tombstones and expired values included; null for one that was never written.</summary>
    /// <exception cref="StateStoreException">The store cannot be reached now.</exception>
    ValueTask<IReadOnlyList<StateRecord?>> FindAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation);

    /// <summary>Merges all deltas, or none of them; a key may come more than once.</summary>
    /// <returns>What each delta's key holds then.</returns>
    /// <exception cref="StateStoreException">The store cannot be reached now; whether it merged is not known, and merging again is harmless.</exception>
    ValueTask<IReadOnlyList<StateRecord>> MergeAsync(IReadOnlyList<StateDelta> deltas, CancellationToken cancellation);

    /// <summary>Carries out a mutation if a condition holds, atomically among all nodes.</summary>
    /// <returns>Whether it held, and what the key holds now.</returns>
    /// <exception cref="StateStoreException">As above.</exception>
    ValueTask<(bool Held, StateRecord? Record)> MutateIfAsync(StateKey key, StateCondition condition, StateMutation mutation, MutationContext context, CancellationToken cancellation);

    /// <summary>Keys that exist and begin with a prefix, after another key, in ordinal order.</summary>
    ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation);

    /// <summary>Where the change feed ends now.</summary>
    ValueTask<long> CursorAsync(CancellationToken cancellation);

    /// <summary>Changes of keys with a prefix after a cursor; waits up to <paramref name="patience"/> for the first.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>changes-lost</c> when the cursor is older than what the feed still knows.</exception>
    ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation);
}
