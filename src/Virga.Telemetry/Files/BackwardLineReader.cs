using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Virga.Telemetry.Files;

/// <summary>
/// Reads the lines of a file from its end to its beginning, in memory that does not grow with the file. A line longer than <see cref="MaxLine"/>,
/// which no writer of ours makes, comes in pieces.
/// </summary>
internal sealed class BackwardLineReader : IDisposable
{
    /// <summary>The greatest length of a line, in bytes.</summary>
    public const int MaxLine = 256 * 1024;

    private const int BlockBytes = 64 * 1024;

    private readonly SafeFileHandle _file;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(MaxLine + BlockBytes);
    private long _offset;
    private int _start;
    private int _end;

    /// <summary>Opens a file, to be read from <paramref name="end"/> or, when it is shorter, from its end.</summary>
    /// <exception cref="FileNotFoundException">It was pruned meanwhile.</exception>
    public BackwardLineReader(string path, long end)
    {
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _offset = Math.Min(end, RandomAccess.GetLength(_file));
        _start = _end = _buffer.Length;
    }

    /// <summary>The next older line, without its line end; it is valid until the next call.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> line)
    {
        while (true)
        {
            var data = _buffer.AsSpan(_start, _end - _start);
            // The line end at the very end closes the line that is looked for.
            var body = data.EndsWith("\n"u8) ? data[..^1] : data;
            var before = body.LastIndexOf((byte)'\n');
            if (before >= 0 || (_offset == 0 && _end > _start))
            {
                line = _buffer.AsMemory(_start + before + 1, body.Length - before - 1);
                _end = _start + before + 1;
                return true;
            }

            if (_offset == 0)
            {
                line = default;
                return false;
            }

            if (data.Length > MaxLine)
            {
                line = _buffer.AsMemory(_start, body.Length);
                _end = _start;
                return true;
            }

            Fill(data.Length);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private void Fill(int kept)
    {
        // What is kept moves to the buffer's end, which makes room for an older block in front of it.
        _buffer.AsSpan(_start, kept).CopyTo(_buffer.AsSpan(_buffer.Length - kept));
        _end = _buffer.Length;
        _start = _end - kept;
        var count = (int)Math.Min(Math.Min(BlockBytes, _start), _offset);
        var block = _buffer.AsSpan(_start - count, count);
        for (var read = 0; read < count;)
        {
            var got = RandomAccess.Read(_file, block[read..], _offset - count + read);
            if (got == 0)
            {
                throw new EndOfStreamException("The file became shorter while it was read.");
            }

            read += got;
        }

        _offset -= count;
        _start -= count;
    }
}
