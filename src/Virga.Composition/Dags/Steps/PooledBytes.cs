using System.Buffers;

namespace Virga.Composition.Dags.Steps;

/// <summary>Bytes that are written into an array of the shared pool.</summary>
internal sealed class PooledBytes(int capacity) : IBufferWriter<byte>, IDisposable
{
    private byte[]? _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(16, capacity));
    private int _length;

    /// <summary>How many have been written.</summary>
    public int Length => _length;

    /// <summary>What has been written; valid until more is.</summary>
    public ReadOnlyMemory<byte> Written => Bytes.AsMemory(0, _length);

    private byte[] Bytes => _bytes ?? throw new ObjectDisposedException(nameof(PooledBytes));

    /// <inheritdoc/>
    public void Advance(int count) => _length += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(Math.Max(1, sizeHint));
        return Bytes.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Gives the array away: the caller returns it to the pool.</summary>
    public byte[] Detach(out int length)
    {
        var bytes = Bytes;
        length = _length;
        _bytes = null;
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void Grow(int more)
    {
        if (Bytes.Length - _length >= more)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(checked(Math.Max(Bytes.Length * 2, _length + more)));
        Bytes.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(Bytes);
        _bytes = larger;
    }
}
