using Microsoft.Win32.SafeHandles;

namespace Virga.Telemetry.Files;

/// <summary>
/// Lines appended to a folder of size-bounded files, of which the oldest go. Used by one thread at a time; readers open the files themselves.
/// A line that a crash or a full disk cut in two is ended by the next append, so that it spoils nothing but itself.
/// </summary>
internal sealed class SegmentedFile(string folder, SegmentLimits limits, TimeProvider time) : IDisposable
{
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    private List<Segment>? _segments;
    private SafeFileHandle? _handle;
    private long _length;
    private long _closedBytes;

    /// <summary>The folder; it need not exist.</summary>
    public string Folder { get; } = folder;

    /// <summary>Whether a file handle is held.</summary>
    public bool IsOpen => _handle is not null;

    /// <summary>Size of all segments, in bytes.</summary>
    public long Bytes => Segments.Count == 0 ? 0 : _closedBytes + (IsOpen ? _length : Segments[^1].Bytes);

    /// <summary>The place after what was appended last.</summary>
    public SegmentPosition Position =>
        Segments.Count == 0 ? default : new SegmentPosition(Segments[^1].Start, IsOpen ? _length : Segments[^1].Bytes);

    private List<Segment> Segments => _segments ??= Load();

    /// <summary>Appends whole lines, each with its line end. What was there before stays whole even if this fails.</summary>
    /// <exception cref="IOException">The disk is full or failed; the next append tries anew.</exception>
    public void Append(ReadOnlySpan<byte> lines)
    {
        OpenFor(lines.Length);
        Write(lines);
    }

    /// <summary>Gives the file handle back; the next append opens it again.</summary>
    public void Close()
    {
        if (_handle is null)
        {
            return;
        }

        _handle.Dispose();
        _handle = null;
        Segments[^1] = Segments[^1] with { Bytes = _length };
    }

    /// <summary>Removes every segment, and the folder.</summary>
    public void Delete()
    {
        Close();
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }

        (_segments, _closedBytes) = ([], 0);
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private void OpenFor(int bytes)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (Segments.Count > 0 && !IsOpen)
        {
            Open();
        }

        if (!IsOpen || IsDone(now, bytes))
        {
            Close();
            Begin(now);
            Prune(now);
        }
    }

    private bool IsDone(long now, int bytes) =>
        (_length > 0 && _length + bytes > limits.SegmentBytes)
        || (limits.SegmentAge is { } age && now - Segments[^1].Start >= age.TotalMilliseconds);

    private void Begin(long now)
    {
        Directory.CreateDirectory(Folder);
        // A clock that was set back must not begin a segment before an older one.
        var start = Segments.Count == 0 ? now : Math.Max(now, Segments[^1].Start + 1);
        var segment = Segment.At(Folder, start);
        _handle = File.OpenHandle(segment.Path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        _closedBytes += Segments.Count == 0 ? 0 : Segments[^1].Bytes;
        Segments.Add(segment);
        _length = 0;
    }

    private void Open()
    {
        // Whoever deletes old files by hand gets a new one in their place.
        Directory.CreateDirectory(Folder);
        _handle = File.OpenHandle(Segments[^1].Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        _length = RandomAccess.GetLength(_handle);
        Span<byte> last = stackalloc byte[1];
        if (_length > 0 && RandomAccess.Read(_handle, last, _length - 1) == 1 && last[0] != LineEnd[0])
        {
            Write(LineEnd);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_handle!, bytes, _length);
            _length += bytes.Length;
        }
        catch (IOException)
        {
            // Cutting a file needs no room, so that a full disk leaves no half line behind.
            RandomAccess.SetLength(_handle!, _length);
            Close();
            throw;
        }
    }

    private void Prune(long now)
    {
        while (Segments.Count > 1 && (Bytes + limits.SegmentBytes > limits.TotalBytes || IsExpired(now)))
        {
            File.Delete(Segments[0].Path);
            _closedBytes -= Segments[0].Bytes;
            Segments.RemoveAt(0);
        }
    }

    private bool IsExpired(long now) => limits.Retention is { } retention && now - Segments[1].Start >= retention.TotalMilliseconds;

    private List<Segment> Load()
    {
        var segments = Segment.List(Folder);
        for (var i = 0; i < segments.Count - 1; i++)
        {
            _closedBytes += segments[i].Bytes;
        }

        return segments;
    }
}
