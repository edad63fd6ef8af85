namespace Virga.Topics.Logs;

/// <summary>How often readers found what they wanted in memory.</summary>
internal sealed class TailFigures
{
    private long _hits;
    private long _misses;

    /// <summary>Entries that were in memory.</summary>
    public long Hits => Volatile.Read(ref _hits);

    /// <summary>Entries that were read from the store.</summary>
    public long Misses => Volatile.Read(ref _misses);

    public void Hit(int entries) => Interlocked.Add(ref _hits, entries);

    public void Miss(int entries) => Interlocked.Add(ref _misses, entries);
}
