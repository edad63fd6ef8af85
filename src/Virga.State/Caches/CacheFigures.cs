namespace Virga.State.Caches;

/// <summary>What a cache did since it was opened, and what it holds.</summary>
/// <param name="Hits">Reads that were answered from memory.</param>
/// <param name="Misses">Reads and writes that had to ask the store first.</param>
/// <param name="Keys">Keys that it holds.</param>
/// <param name="Bytes">Memory that they take.</param>
/// <param name="DirtyKeys">Keys that are not stored.</param>
/// <param name="DirtyBytes">Their size.</param>
/// <param name="OldestDirty">For how long the oldest of them has waited.</param>
/// <param name="Evictions">Keys that went for want of memory.</param>
/// <param name="Stored">Keys that were stored.</param>
/// <param name="StoreFailures">Flushes that the store did not take.</param>
/// <param name="Updates">Updates that came from other nodes.</param>
/// <param name="BrokenDependencies">Dependencies that the store did not have; 0 unless it lost something.</param>
/// <param name="IndexedKeys">Keys of which this node is the home and knows a holder.</param>
public sealed record CacheFigures(
    long Hits,
    long Misses,
    int Keys,
    long Bytes,
    int DirtyKeys,
    long DirtyBytes,
    TimeSpan OldestDirty,
    long Evictions,
    long Stored,
    long StoreFailures,
    long Updates,
    long BrokenDependencies,
    int IndexedKeys);
