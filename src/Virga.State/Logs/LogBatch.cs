using Virga.State.Time;

namespace Virga.State.Logs;

/// <summary>Deltas that go to disk together. Filled under the log's lock, then owned by the writer until they are on disk.</summary>
internal sealed class LogBatch
{
    // What a batch keeps for its next use; a larger one was the exception.
    private const int KeptBytes = 4 << 20;

    private byte[] _bytes = [];

    /// <summary>Where its header stands in the log.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes, the header included; 0 when it holds nothing.</summary>
    public int Length { get; private set; }

    /// <summary>The position behind it.</summary>
    public long End => Position + Length;

    /// <summary>Whether it is the first of a new segment.</summary>
    public bool BeginsSegment { get; private set; }

    /// <summary>Its bytes, once it is sealed.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Length);

    public void Begin(long position, bool beginsSegment)
    {
        Position = position;
        Length = 0;
        BeginsSegment = beginsSegment;
    }

    /// <summary>Bytes that the batch grows by when so many are added: those, and at first its header.</summary>
    public int GrowthFor(int bytes) => Length == 0 ? bytes + LogFormat.BatchHeaderBytes : bytes;

    public void Add(ReadOnlySpan<byte> entries)
    {
        var at = Length == 0 ? LogFormat.BatchHeaderBytes : Length;
        Reserve(at + entries.Length);
        entries.CopyTo(_bytes.AsSpan(at));
        Length = at + entries.Length;
    }

    /// <summary>Makes it a batch without content, which only says how much of the log is on disk.</summary>
    public void AddMark() => Add([]);

    public void Seal(long durable, HybridTimestamp clock) => LogFormat.SealBatch(_bytes.AsSpan(0, Length), Position, durable, clock);

    /// <summary>Gives up what it holds.</summary>
    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > KeptBytes)
        {
            _bytes = [];
        }
    }

    private void Reserve(int length)
    {
        if (length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(length, Math.Max(_bytes.Length * 2, 16 << 10)));
        }
    }
}
