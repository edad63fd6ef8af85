using Virga.State.Records;

namespace Virga.State.Stores;

/// <summary>What must hold of a key for a write to happen. It is decided by the store, where all nodes' writes meet.</summary>
/// <param name="Version">The version that the key must have; <see cref="StateVersion.Absent"/> when it must not exist.</param>
public readonly record struct StateCondition(StateVersion Version);
