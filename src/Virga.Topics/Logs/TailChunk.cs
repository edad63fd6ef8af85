using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>Some entries of one ledger that follow each other, in memory: what the cache of tails takes away at once. Under the lock of its <see cref="TopicTail"/>, but for the links.</summary>
internal sealed class TailChunk(TopicTail tail, Position first)
{
    private const int MaxEntries = 256;
    private const int MaxBytes = 256 << 10;

    // What an entry takes besides its bytes: its slot, and the array that the bytes are in.
    private const int EntryOverhead = 48;

    private ReadOnlyMemory<byte>[] _entries = new ReadOnlyMemory<byte>[4];

    public TopicTail Tail { get; } = tail;

    public Position First { get; } = first;

    public int Count { get; private set; }

    public int Bytes { get; private set; }

    /// <summary>Where the next entry would be.</summary>
    public Position End => First with { Entry = First.Entry + Count };

    public bool IsFull => Count == MaxEntries || Bytes >= MaxBytes;

    /// <summary>Whether it was taken away.</summary>
    public bool IsGone { get; set; }

    /// <summary>Neighbours among the chunks of all topics, in the order in which they were begun; under the lock of the <see cref="TailCache"/>.</summary>
    public TailChunk? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public TailChunk? Next { get; set; }

    public ReadOnlyMemory<byte> this[int index] => _entries[index];

    /// <summary>Adds the entry at <see cref="End"/>; gives the memory that it takes.</summary>
    public int Add(ReadOnlyMemory<byte> data)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Min(Count * 2, MaxEntries));
        }

        _entries[Count++] = data;
        var grown = data.Length + EntryOverhead;
        Bytes += grown;
        return grown;
    }
}
