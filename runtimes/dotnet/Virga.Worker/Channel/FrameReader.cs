using System.Buffers.Binary;
using Virga.Worker.Native;

namespace Virga.Worker.Channel;

/// <summary>Cuts what arrives on a descriptor into frames, in place. Used by one thread at a time.</summary>
internal sealed class FrameReader(int descriptor)
{
    private byte[] buffer = new byte[64 * 1024];
    private int start;
    private int end;

    /// <summary>Waits for the next frame. It is valid until the next call.</summary>
    /// <returns>Whether there is one; otherwise the channel has ended.</returns>
    /// <exception cref="ProtocolException">What arrived is no frame.</exception>
    public bool TryRead(out Frame frame)
    {
        frame = default;
        if (!Fill(FrameLimits.Head))
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(start));
        if (length is < FrameLimits.SmallestLength or > FrameLimits.GreatestLength)
        {
            throw new ProtocolException($"A frame says that it has {length} bytes.");
        }

        int size = (int)length + FrameLimits.Prefix;
        if (!Fill(size))
        {
            return false;
        }

        ReadOnlySpan<byte> bytes = buffer.AsSpan(start, size);
        uint headerLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes[9..]);
        if (headerLength > size - FrameLimits.Head)
        {
            throw new ProtocolException($"A frame of {length} bytes says that its header has {headerLength}.");
        }

        start += size;
        uint call = BinaryPrimitives.ReadUInt32LittleEndian(bytes[5..]);
        frame = new Frame((FrameKind)bytes[4], call, bytes[FrameLimits.Head..], (int)headerLength);
        return true;
    }

    private bool Fill(int wanted)
    {
        while (end - start < wanted)
        {
            if (start == end)
            {
                start = end = 0;
            }
            else if (buffer.Length - start < wanted)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                end -= start;
                start = 0;
            }

            if (buffer.Length < wanted)
            {
                Array.Resize(ref buffer, Math.Max(wanted, 2 * buffer.Length));
            }

            int count = Posix.Read(descriptor, buffer.AsSpan(end));
            if (count == 0)
            {
                return false;
            }

            end += count;
        }

        return true;
    }
}
