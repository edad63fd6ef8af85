namespace Virga.Pulsar.Replication;

/// <summary>
/// How much of a topic may be on its way to another cluster: so many messages, and so many bytes as far as the sizes of late say how many messages those are. Not for several threads at once.
/// </summary>
internal sealed class ReplicationWindow
{
    /// <summary>The most messages.</summary>
    public const int MostMessages = 1000;

    /// <summary>The most bytes, unless one message has more.</summary>
    public const int MostBytes = 8 << 20;

    // Before any size is known. The largest messages have 5 MiB.
    private const int First = 16;

    private int _permits;
    private int _underWay;
    private int _size;

    /// <summary>How many messages may be asked for in addition; they are counted as asked for.</summary>
    public int Grant()
    {
        var most = _size == 0 ? First : Math.Clamp(MostBytes / _size, 1, MostMessages);
        var granted = most - _permits - _underWay;

        // A few at a time would be many small reads.
        if (granted <= 0 || (granted < most / 4 && _permits + _underWay > 0))
        {
            return 0;
        }

        _permits += granted;
        return granted;
    }

    /// <summary>An entry has come.</summary>
    public void Came(int messages, int bytes)
    {
        _permits -= messages;
        _underWay += messages;

        // Large ones count at once, small ones little by little.
        var size = Math.Max(1, bytes / Math.Max(1, messages));
        _size = size >= _size ? size : Math.Max(size, _size - (_size / 16) - 1);
    }

    /// <summary>Messages have arrived.</summary>
    public void Arrived(int messages) => _underWay -= messages;
}
