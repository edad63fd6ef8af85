using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Logs;

/// <summary>
/// What a node has written and not yet handed on: appended in memory at once, durable a little later, and dropped from its beginning when it is kept elsewhere.
/// Reading it again after a crash merges deltas that may have been merged already, which is harmless.
/// </summary>
public interface IDeltaLog : IAsyncDisposable
{
    /// <summary>Opens it and gives all that it still holds, oldest first. Called once, before anything else.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>state-corrupted</c> when something is damaged that is not its torn end.</exception>
    ValueTask OpenAsync(Action<StateDelta> recovered, CancellationToken cancellation);

    /// <summary>Appends one delta and returns at once. Whoever calls holds whatever orders this delta among those of its key.</summary>
    /// <returns>A position behind it.</returns>
    /// <exception cref="Core.Problems.ProblemException"><c>storage-full</c>, <c>state-overloaded</c>: nothing was appended.</exception>
    long Append(StateKey key, StateRecord delta);

    /// <summary>All before this position is as durable as the log promises: on disk, or, with interval durability, handed to the disk within the interval.</summary>
    long DurablePosition { get; }

    /// <summary>Completes when everything before a position may be acknowledged: when it is on disk with <c>sync</c> durability, at once with <c>interval</c>.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>storage-full</c>: the disk did not take it; it is not acknowledged.</exception>
    ValueTask AcknowledgedAsync(long position, CancellationToken cancellation);

    /// <summary>Completes when everything before a position is on disk, whatever the durability. What others are shown must have passed here.</summary>
    ValueTask DurableAsync(long position, CancellationToken cancellation);

    /// <summary>Begins a new segment; gives the position at which it begins.</summary>
    long Rotate();

    /// <summary>Drops the segments that lie wholly before a position.</summary>
    void Truncate(long before);
}
