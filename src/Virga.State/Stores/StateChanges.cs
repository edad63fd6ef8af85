namespace Virga.State.Stores;

/// <summary>Part of the change feed: keys with what they held when the feed was read, each once. A key that changes often is reported less often than it changed, and always with its last value.</summary>
/// <param name="Items">Changed keys; a record without a value is a deletion.</param>
/// <param name="Cursor">Where to go on.</param>
public sealed record StateChanges(IReadOnlyList<StateDelta> Items, long Cursor);
