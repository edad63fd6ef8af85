using System.Runtime.InteropServices;

namespace Virga.Pulsar.Connections;

/// <summary>
/// How many of a client's permits are passed on to its consumer at a time. A client may permit a thousand messages of five megabytes; the broker would hold all of them for a client that does not read. So no more
/// are passed on than <see cref="Bytes"/> can be expected to hold, by the size of the messages so far, and none while that much waits for the socket. Values in, a number out.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct PermitWindow
{
    /// <summary>How many bytes one consumer's messages may take on their way.</summary>
    public const int Bytes = 1024 * 1024;

    // Before the first message nobody knows how large they are.
    private const int FirstSize = 64 * 1024;

    private long _held;
    private long _passed;
    private long _size;

    /// <summary>A window that has seen nothing.</summary>
    public PermitWindow() => _size = FirstSize;

    /// <summary>Permits of the client that are not passed on.</summary>
    public readonly long Held => _held;

    /// <summary>The client has given permits.</summary>
    public void Add(int permits) => _held += permits;

    /// <summary>Messages were delivered: so many permits are used up, by so many bytes.</summary>
    public void Delivered(int messages, long bytes)
    {
        _passed -= messages;
        if (messages > 0)
        {
            // Larger ones are believed at once, smaller ones by and by.
            var size = Math.Max(1, bytes / messages);
            _size = size > _size ? size : ((_size * 3) + size) / 4;
        }
    }

    /// <summary>Takes the permits that are to be passed on now.</summary>
    /// <param name="pending">How many bytes wait for the socket.</param>
    public int Take(long pending)
    {
        if (_held <= 0 || pending >= Bytes)
        {
            return 0;
        }

        // Not one by one: the next ones are passed on when half of the last are used up.
        var room = Math.Max(1, Bytes / Math.Max(1, _size));
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
