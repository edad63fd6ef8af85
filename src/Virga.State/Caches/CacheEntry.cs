using Virga.State.Index;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Caches;

/// <summary>One key in a node's cache. Its lock orders the writes to the key, in memory and in the log alike; reads take none.</summary>
/// <param name="key">The key.</param>
/// <param name="serial">Which entry of the cache: an order that does not depend on hash codes.</param>
internal sealed class CacheEntry(StateKey key, long serial)
{
    /// <summary>What a key holds that was never written: the least record, of which nobody outside learns.</summary>
    public static readonly StateRecord Nothing = new(HybridTimestamp.Zero, null);

    private StateRecord? _shown;

    public StateKey Key { get; } = key;

    public long Serial { get; } = serial;

    /// <summary>Taken for every change of the members below.</summary>
    public Lock Lock { get; } = new();

    /// <summary>What reads are given; null until the store was asked.</summary>
    public StateRecord? Shown
    {
        get => Volatile.Read(ref _shown);
        set => Volatile.Write(ref _shown, value);
    }

    /// <summary>What came while the store was being asked; merged with its answer.</summary>
    public StateRecord? Arrived { get; set; }

    /// <summary>Written here and not yet taken by a flush.</summary>
    public StateRecord? Dirty { get; set; }

    /// <summary>Taken by a flush that has not ended.</summary>
    public StateRecord? Flushing { get; set; }

    /// <summary>When the oldest write was made that is not stored.</summary>
    public long DirtySince { get; set; }

    /// <summary>Whether it waits in the flusher's queue.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Behind its last write in the log.</summary>
    public long LogPosition { get; set; }

    /// <summary>Memory that <see cref="Shown"/> takes, as it was last counted.</summary>
    public int CountedBytes { get; set; }

    /// <summary>No longer in the cache: whoever still has it looks the key up again.</summary>
    public bool IsEvicted { get; set; }

    /// <summary>How many wait for it to be loaded, to write to it: while somebody does it stays, however full the cache is.</summary>
    public int Writers;

    /// <summary>The tick of the last read.</summary>
    public int Touched { get; set; }

    /// <summary>The home that knows of it, in the epoch in which it does; null when none does.</summary>
    public HomeContact? Hold { get; set; }

    /// <summary>The load that goes on.</summary>
    public TaskCompletionSource? Loading { get; set; }

    /// <summary>Everything that was written here is in the store.</summary>
    public bool IsStored => Dirty is null && Flushing is null && !IsQueued;

    /// <summary>All that is known here, also before the store was asked.</summary>
    public VectorClock KnownClock => Shown is { } shown ? ClockOf(shown) : Arrived is { } arrived ? ClockOf(arrived) : VectorClock.Empty;

    public static VectorClock ClockOf(StateRecord? record) => record?.Causality?.Clock ?? VectorClock.Empty;
}
