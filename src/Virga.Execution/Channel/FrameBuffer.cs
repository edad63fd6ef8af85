using System.Buffers;

namespace Virga.Execution.Channel;

/// <summary>Frames that wait to be sent, one behind the other. Keeps a small array for itself; larger ones are borrowed while a stream needs them.</summary>
internal sealed class FrameBuffer
{
    private const int OwnSize = 4 << 10;

    private readonly byte[] _own = new byte[OwnSize];
    private byte[] _bytes;

    public FrameBuffer() => _bytes = _own;

    /// <summary>How many bytes wait.</summary>
    public int Length { get; private set; }

    /// <summary>What waits.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    /// <summary>Makes room for a frame and gives it to be filled.</summary>
    public Span<byte> Append(int length)
    {
        if (_bytes.Length - Length < length)
        {
            Grow(length);
        }

        var span = _bytes.AsSpan(Length, length);
        Length += length;
        return span;
    }

    /// <summary>Forgets what was sent, and gives a borrowed array back.</summary>
    public void Clear()
    {
        Length = 0;
        if (!ReferenceEquals(_bytes, _own))
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = _own;
        }
    }

    private void Grow(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + length, Math.Min(_bytes.Length * 2, 1 << 30)));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        if (!ReferenceEquals(_bytes, _own))
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
