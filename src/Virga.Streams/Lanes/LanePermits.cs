using Virga.Topics.Subscriptions;

namespace Virga.Streams.Lanes;

/// <summary>What a lane permits its consumer: messages that are under way, bounded by their number and by their bytes. Messages come on one thread and are done with on others.</summary>
/// <param name="limits">How much may be under way.</param>
/// <param name="permit">Hands permits to the consumer.</param>
internal sealed class LanePermits(LaneLimits limits, Action<int> permit)
{
    private readonly Lock _gate = new();
    private PermitWindow _window = new(limits.InFlightBytes);
    private long _bytes;

    /// <summary>The lane begins to take messages.</summary>
    public void Begin() => Return(limits.InFlight, 0);

    /// <summary>Entries have come.</summary>
    public void Delivered(int messages, long bytes)
    {
        int permits;
        lock (_gate)
        {
            _bytes += bytes;
            _window.Delivered(messages, bytes);
            permits = _window.Take(_bytes);
        }

        Hand(permits);
    }

    /// <summary>Messages are not under way any more.</summary>
    public void Return(int messages, long bytes)
    {
        int permits;
        lock (_gate)
        {
            _bytes -= bytes;
            _window.Add(messages);
            permits = _window.Take(_bytes);
        }

        Hand(permits);
    }

    private void Hand(int permits)
    {
        if (permits > 0)
        {
            permit(permits);
        }
    }
}
