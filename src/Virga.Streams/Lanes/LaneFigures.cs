namespace Virga.Streams.Lanes;

/// <summary>What a stream did since it started on this node; counted by all its lanes.</summary>
internal sealed class LaneFigures
{
    private long _received;
    private long _published;
    private long _failed;
    private long _deadLettered;
    private long _late;
    private long _inFlight;

    /// <summary>Messages taken from topics.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Answers published.</summary>
    public long Published => Interlocked.Read(ref _published);

    /// <summary>Calls that failed, each try.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Messages put aside for good.</summary>
    public long DeadLettered => Interlocked.Read(ref _deadLettered);

    /// <summary>Messages that came when their windows had closed.</summary>
    public long Late => Interlocked.Read(ref _late);

    /// <summary>Calls that run.</summary>
    public long InFlight => Interlocked.Read(ref _inFlight);

    public void CountReceived() => Interlocked.Increment(ref _received);

    public void CountPublished() => Interlocked.Increment(ref _published);

    public void CountFailed() => Interlocked.Increment(ref _failed);

    public void CountDeadLettered(int messages) => Interlocked.Add(ref _deadLettered, messages);

    public void CountLate(long messages) => Interlocked.Add(ref _late, messages);

    public void CallBegins() => Interlocked.Increment(ref _inFlight);

    public void CallEnds() => Interlocked.Decrement(ref _inFlight);
}
