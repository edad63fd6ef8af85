using System.Buffers.Binary;
using Virga.Worker.Native;

namespace Virga.Worker.Channel;

/// <summary>Writes frames whole, whichever threads they come from.</summary>
internal sealed class FrameWriter(int descriptor)
{
    private readonly Lock gate = new();
    private FrameBuffer? spare;

    /// <summary>A buffer for one frame; <see cref="Send"/> or <see cref="Return"/> takes it back.</summary>
    public FrameBuffer Begin(FrameKind kind, uint call)
    {
        FrameBuffer frame = Interlocked.Exchange(ref spare, null) ?? new FrameBuffer();
        frame.Begin(kind, call);
        return frame;
    }

    /// <summary>Writes the frame with a single system call. A node that is gone ends the process.</summary>
    public void Send(FrameBuffer frame)
    {
        frame.End();
        Write(frame.Written);
        Return(frame);
    }

    public void Return(FrameBuffer frame)
    {
        if (frame.IsWorthKeeping)
        {
            Volatile.Write(ref spare, frame);
        }
    }

    /// <summary>Gives the node credit for more bytes of a call's body.</summary>
    public void SendWindow(uint call, int credit)
    {
        FrameBuffer frame = Begin(FrameKind.Window, call);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, credit);
        frame.Append(bytes);
        Send(frame);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        bool isRead;
        lock (gate)
        {
            isRead = Posix.Write(descriptor, bytes);
        }

        if (!isRead)
        {
            Posix.ExitNow(0);
        }
    }
}
