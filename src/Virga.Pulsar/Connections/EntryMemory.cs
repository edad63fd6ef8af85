namespace Virga.Pulsar.Connections;

/// <summary>
/// Memory for what a producer publishes: several entries share one array. The newest entries of a topic are kept (64 MB a node), and an array for each made every collection of garbage mark and move tens of thousands
/// of them, some 8 ms each at 10,000 messages a second. For one thread at a time.
/// </summary>
internal sealed class EntryMemory
{
    // Below what the runtime calls large (85,000 bytes): large arrays are collected with the whole heap only.
    private const int MostBytes = 64 * 1024;

    // Few enough that thousands of producers, each of which keeps one array that is not full, take no more than what the cache of the newest entries is meant to.
    private const int MostEntries = 16;

    // A longer entry has an array of its own: so little of a shared one is left unused behind the last that fits.
    private const int MostShared = MostBytes / 8;

    // Held weakly: an idle producer keeps nothing, what it has published keeps the array for as long as it is kept itself.
    private WeakReference<byte[]>? _shared;
    private int _used;
    private int _size;

    /// <summary>Room for an entry, which is its own for good.</summary>
    public Memory<byte> Take(int length)
    {
        if (length > MostShared)
        {
            return GC.AllocateUninitializedArray<byte>(length);
        }

        if (_shared is not null)
        {
            if (!_shared.TryGetTarget(out var shared))
            {
                // All that was published is forgotten: it was idle, and begins anew.
                (_shared, _size) = (null, 0);
            }
            else if (shared.Length - _used >= length)
            {
                _used += length;
                return shared.AsMemory(_used - length, length);
            }
        }

        return Begin(length);
    }

    // Each array is twice as large as the one before, the first for one entry: no topic takes much more memory than what is published to it.
    private Memory<byte> Begin(int length)
    {
        var isFirst = _size == 0;
        _size = isFirst ? length : Math.Clamp(2 * _size, length, Math.Max(length, Math.Min(MostBytes, MostEntries * length)));
        var array = GC.AllocateUninitializedArray<byte>(_size);
        if (!isFirst)
        {
            _used = length;
            if (_shared is null)
            {
                _shared = new WeakReference<byte[]>(array);
            }
            else
            {
                _shared.SetTarget(array);
            }
        }

        return array.AsMemory(0, length);
    }
}
