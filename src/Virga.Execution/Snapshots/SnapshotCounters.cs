namespace Virga.Execution.Snapshots;

/// <summary>What became of snapshots since the node's start, for metrics.</summary>
/// <param name="Taken">Written completely.</param>
/// <param name="Restored">Handed to a sandbox to continue in.</param>
/// <param name="Invalid">Removed because they were damaged, of another version, or did not continue.</param>
/// <param name="Failed">Not written to their end.</param>
/// <param name="Evicted">Removed for their age or for want of space.</param>
/// <param name="Count">Stored now.</param>
/// <param name="Bytes">Their size now.</param>
internal sealed record SnapshotCounters(long Taken, long Restored, long Invalid, long Failed, long Evicted, int Count, long Bytes);
