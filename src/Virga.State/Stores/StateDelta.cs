using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores;

/// <summary>What is to be merged into one key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Record">The part to merge.</param>
public readonly record struct StateDelta(StateKey Key, StateRecord Record);
