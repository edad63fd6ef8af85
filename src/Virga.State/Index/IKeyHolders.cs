using Virga.Core.Names;
using Virga.State.Keys;

namespace Virga.State.Index;

/// <summary>Says which nodes have keys in memory, as a hint for where to run what reads them: it may be a moment old, and incomplete.</summary>
internal interface IKeyHolders
{
    /// <summary>Whether this node has a key in memory.</summary>
    bool IsHeldHere(StateKey key);

    /// <summary>The nodes that are known to have a key in memory. Asks nobody.</summary>
    IReadOnlyList<NodeName> HoldersOf(StateKey key);

    /// <summary>Asks the homes of those keys of which nothing fresh is known. Completes when they have answered, or after a moment; what comes later is there for the next.</summary>
    ValueTask LearnAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation);
}
