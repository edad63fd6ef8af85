namespace Virga.Topics.Publishing;

/// <summary>Bounds the bytes that all producers of a node have on their way to the disk: beyond, connections stop reading until there is room again.</summary>
internal sealed class PublishMemory(long maxBytes)
{
    // Guards the list of those who wait; held for adding and taking it away.
    private readonly Lock _lock = new();
    private List<Producer> _waiting = [];
    private long _bytes;
    private int _hasWaiting;

    /// <summary>The bytes on their way.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether there is no room.</summary>
    public bool IsFull => Bytes >= maxBytes;

    public void Take(int bytes) => Interlocked.Add(ref _bytes, bytes);

    public void Give(int bytes)
    {
        if (Interlocked.Add(ref _bytes, -bytes) < maxBytes / 2 && Volatile.Read(ref _hasWaiting) != 0)
        {
            Wake();
        }
    }

    /// <summary>The producer is told when there is room.</summary>
    public void Wait(Producer producer)
    {
        lock (_lock)
        {
            _waiting.Add(producer);
            Volatile.Write(ref _hasWaiting, 1);
        }

        // The last entry may have ended between the question and this.
        if (Bytes < maxBytes / 2)
        {
            Wake();
        }
    }

    private void Wake()
    {
        List<Producer> woken;
        lock (_lock)
        {
            (woken, _waiting) = (_waiting, []);
            Volatile.Write(ref _hasWaiting, 0);
        }

        foreach (var producer in woken)
        {
            producer.Wake();
        }
    }
}
