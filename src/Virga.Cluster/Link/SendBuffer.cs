namespace Virga.Cluster.Link;

/// <summary>Bytes that are collected and then sent together. It keeps its array from batch to batch, but not one that a burst made large.</summary>
internal sealed class SendBuffer
{
    private const int UsualLength = 16 << 10;
    private const int KeptLength = 512 << 10;

    private byte[] _bytes = new byte[UsualLength];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    /// <summary>Room for so many further bytes, which count as written.</summary>
    public Span<byte> Append(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }

        Length += count;
        return _bytes.AsSpan(Length - count, count);
    }

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > KeptLength)
        {
            _bytes = new byte[UsualLength];
        }
    }
}
