namespace Virga.Topics.Publishing;

/// <summary>Counts messages and bytes, and how many of them come per second. Safe for many threads, but for the ticks.</summary>
internal sealed class PublishMeter
{
    // The weight of the newest tick in the rate: ticks come every ten seconds, so that the rate is that of about the last minute.
    private const double Newest = 0.3;

    private long _messages;
    private long _bytes;
    private long _lastMessages;
    private long _lastBytes;

    public long Messages => Volatile.Read(ref _messages);

    public long Bytes => Volatile.Read(ref _bytes);

    public double MessageRate { get; private set; }

    public double ByteRate { get; private set; }

    public void Count(int messages, int bytes)
    {
        Interlocked.Add(ref _messages, messages);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>Some time has passed since the last tick.</summary>
    public void Tick(TimeSpan passed)
    {
        var (messages, bytes) = (Messages, Bytes);
        var seconds = Math.Max(passed.TotalSeconds, 0.001);
        MessageRate += (((messages - _lastMessages) / seconds) - MessageRate) * Newest;
        ByteRate += (((bytes - _lastBytes) / seconds) - ByteRate) * Newest;
        (_lastMessages, _lastBytes) = (messages, bytes);
    }
}
