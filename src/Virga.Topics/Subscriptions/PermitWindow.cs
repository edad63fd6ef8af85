using System.Runtime.InteropServices;

namespace Virga.Topics.Subscriptions;

/// <summary>
/// How many of the permits that somebody gives are passed on to a consumer at a time. Permits count messages; a thousand messages of five megabytes would be held for who does not get on with them. So no more
/// are passed on than a number of bytes can be expected to hold, by the size of the messages so far, and none while that much waits to be dealt with: at most about twice the bytes are held while messages are as large as those before; what was passed on for small ones holds also for large ones behind them. Values in, a number out.
/// </summary>
/// <param name="bytes">The window: how many bytes one consumer's messages may take on their way, and as many where they wait.</param>
[StructLayout(LayoutKind.Auto)]
public struct PermitWindow(long bytes)
{
    // Before the first message nobody knows how large they are: so few are passed on.
    private const int First = 16;

    private long _held;
    private long _passed;
    private long _size = Math.Max(1, bytes / First);

    /// <summary>Permits that are not passed on.</summary>
    public readonly long Held => _held;

    /// <summary>Permits were given.</summary>
    public void Add(int permits) => _held += permits;

    /// <summary>Messages were delivered: so many permits are used up, by so many bytes.</summary>
    public void Delivered(int messages, long delivered)
    {
        _passed -= messages;
        if (messages > 0)
        {
            // Larger ones are believed at once, smaller ones by and by.
            var size = Math.Max(1, delivered / messages);
            _size = size > _size ? size : ((_size * 3) + size) / 4;
        }
    }

    /// <summary>Takes the permits that are to be passed on now.</summary>
    /// <param name="pending">How many bytes wait to be dealt with.</param>
    public int Take(long pending)
    {
        if (_held <= 0 || pending >= bytes)
        {
            return 0;
        }

        // Not one by one: the next ones are passed on when half of the last are used up.
        var room = Math.Max(1, bytes / Math.Max(1, _size));
        if (_passed > room / 2)
        {
            return 0;
        }

        var taken = (int)Math.Min(_held, Math.Min(room - _passed, int.MaxValue / 2));
        _held -= taken;
        _passed += taken;
        return taken;
    }
}
