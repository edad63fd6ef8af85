using System.Buffers;
using System.Buffers.Binary;
using Virga.Pulsar.Protocol;

namespace Virga.Pulsar.Frames;

/// <summary>What has come from a client and is not handled yet: one pooled array, small while the connection is quiet, as large as the largest frame while one comes.</summary>
internal sealed class ReceiveBuffer(int maxFrame) : IDisposable
{
    private const int SmallSize = 8 * 1024;
    private const int LargeSize = 256 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(SmallSize);
    private int _from;
    private int _to;
    private bool _wasFilled;

    /// <summary>Makes room, when all whole frames are handled, and gives it; never empty. What frames were taken is no longer valid.</summary>
    public Memory<byte> Prepare()
    {
        var there = _to - _from;
        if (there == 0)
        {
            (_from, _to) = (0, 0);
        }

        // A frame's size alone costs no memory: the array grows with what has come.
        var needed = there < sizeof(int) ? sizeof(int) : sizeof(int) + (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(_from)), (uint)maxFrame);
        var size = _bytes.Length;
        if (needed > size)
        {
            size = Math.Min(needed, Math.Max(LargeSize, there * 2));
        }
        else if (_wasFilled && size < LargeSize)
        {
            size = Math.Min(LargeSize, size * 4);
        }
        else if (there == 0 && size > LargeSize)
        {
            size = SmallSize;
        }

        _wasFilled = false;
        if (size != _bytes.Length)
        {
            var other = ArrayPool<byte>.Shared.Rent(size);
            _bytes.AsSpan(_from, there).CopyTo(other);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = other;
            (_from, _to) = (0, there);
        }
        else if (_from > 0 && (_to == size || size - _from < needed))
        {
            _bytes.AsSpan(_from, there).CopyTo(_bytes);
            (_from, _to) = (0, there);
        }

        return _bytes.AsMemory(_to);
    }

    /// <summary>Takes over bytes that were put into what <see cref="Prepare"/> gave.</summary>
    public void Received(int count)
    {
        _to += count;
        _wasFilled = _to == _bytes.Length;
    }

    /// <summary>The next whole frame, without its size; what it holds is valid until the next call of <see cref="Prepare"/>.</summary>
    /// <exception cref="FrameException">Its sizes cannot be.</exception>
    public bool TryTake(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        var there = _to - _from;
        if (there < sizeof(int))
        {
            return false;
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(_from));
        if (size < sizeof(int))
        {
            throw new FrameException($"A frame says that it has {size} bytes; it has at least 4.");
        }

        if (size > (uint)maxFrame)
        {
            throw new FrameException($"A frame says that it has {size} bytes; at most {maxFrame} are taken.", ServerError.NotAllowedError);
        }

        if (there - sizeof(int) < (int)size)
        {
            return false;
        }

        frame = _bytes.AsMemory(_from + sizeof(int), (int)size);
        _from += sizeof(int) + (int)size;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        (_from, _to) = (0, 0);
    }
}
