namespace Virga.Topics.Ledgers.Segments;

/// <summary>Reads the batches of a segment one after the other, each checked as a whole.</summary>
internal sealed class SegmentScan
{
    private const int WindowBytes = 4 << 20;

    private readonly Segment _segment;
    private readonly long _length;
    private byte[] _window = new byte[WindowBytes];
    private long _windowStart;
    private int _windowBytes;

    /// <param name="segment">Which one.</param>
    /// <param name="end">Where it ends; null for the end of the file.</param>
    public SegmentScan(Segment segment, long? end)
    {
        _segment = segment;
        _length = end ?? RandomAccess.GetLength(segment.File);
    }

    /// <summary>Behind the last good batch.</summary>
    public long Position { get; private set; } = SegmentFormat.FileHeaderBytes;

    /// <summary>What is behind it.</summary>
    public long Rest => _length - Position;

    /// <summary>The next good batch's frames; they stand at <paramref name="offset"/>.</summary>
    public bool TryNext(out ReadOnlySpan<byte> frames, out int offset)
    {
        frames = default;
        offset = 0;
        if (!Need(SegmentFormat.BatchHeaderBytes) || !SegmentFormat.TryReadBatchHeader(Window, _segment.Number, Position, out var header)
            || header.BodyBytes > Rest - SegmentFormat.BatchHeaderBytes || !Need(SegmentFormat.BatchHeaderBytes + header.BodyBytes))
        {
            return false;
        }

        frames = Window.Slice(SegmentFormat.BatchHeaderBytes, header.BodyBytes);
        if (!AreIntact(frames, header.Frames))
        {
            return false;
        }

        offset = (int)Position + SegmentFormat.BatchHeaderBytes;
        Position = offset + header.BodyBytes;
        return true;
    }

    /// <summary>
    /// Whether what stands here was on disk once, so that it is damaged rather than torn: a batch is written only when the one before is on disk, or (with interval durability) says in its
    /// header how much is. So a later header that says this position was on disk tells the two apart.
    /// </summary>
    public bool WasDurable()
    {
        for (var from = Position + 1; from + SegmentFormat.BatchHeaderBytes <= _length;)
        {
            Load(from, (int)Math.Min(WindowBytes, _length - from));
            var bytes = _window.AsSpan(0, _windowBytes);
            var at = bytes.IndexOf(SegmentFormat.BatchMarkBytes);
            if (at < 0)
            {
                from += Math.Max(1, _windowBytes - SegmentFormat.BatchMarkBytes.Length + 1);
                continue;
            }

            from += at;
            if (bytes.Length - at < SegmentFormat.BatchHeaderBytes)
            {
                Load(from, (int)Math.Min(WindowBytes, _length - from));
                bytes = _window.AsSpan(0, _windowBytes);
                at = 0;
            }

            if (SegmentFormat.TryReadBatchHeader(bytes[at..], _segment.Number, from, out var header) && header.Durable > Position)
            {
                return true;
            }

            from++;
        }

        return false;
    }

    private ReadOnlySpan<byte> Window => _window.AsSpan((int)(Position - _windowStart), _windowBytes - (int)(Position - _windowStart));

    private static bool AreIntact(ReadOnlySpan<byte> frames, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (frames.Length < SegmentFormat.FrameHeaderBytes)
            {
                return false;
            }

            var header = SegmentFormat.ReadFrameHeader(frames);
            if (header.Length < 0 || header.Length > frames.Length - SegmentFormat.FrameHeaderBytes || !SegmentFormat.IsIntact(frames[..header.FrameBytes]))
            {
                return false;
            }

            frames = frames[header.FrameBytes..];
        }

        return frames.IsEmpty;
    }

    private bool Need(int bytes)
    {
        if (Position + bytes > _length)
        {
            return false;
        }

        if (Position < _windowStart || Position + bytes > _windowStart + _windowBytes)
        {
            Load(Position, (int)Math.Min(Math.Max(WindowBytes, bytes), _length - Position));
        }

        return Position + bytes <= _windowStart + _windowBytes;
    }

    private void Load(long from, int bytes)
    {
        if (bytes > _window.Length)
        {
            _window = new byte[bytes];
        }

        _windowStart = from;
        _windowBytes = 0;
        while (_windowBytes < bytes)
        {
            var read = RandomAccess.Read(_segment.File, _window.AsSpan(_windowBytes, bytes - _windowBytes), from + _windowBytes);
            if (read == 0)
            {
                break;
            }

            _windowBytes += read;
        }
    }
}
