using System.Runtime.InteropServices;

namespace Virga.Topics.Messages;

/// <summary>What the broker itself needs of an entry's metadata; read without taking the payload apart and without allocating but for what is asked of it.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MessageHeader
{
    /// <summary>Who published it, as it stands in the entry: UTF-8.</summary>
    public ReadOnlyMemory<byte> Producer { get; init; }

    /// <summary>The number of its first message among those of its producer.</summary>
    public long SequenceId { get; init; }

    /// <summary>The number of its last message; that of the first where the producer did not say.</summary>
    public long HighestSequenceId { get; init; }

    /// <summary>When it was published, in milliseconds since 1970.</summary>
    public long PublishedAt { get; init; }

    /// <summary>When what it tells of happened, in milliseconds since 1970; 0 for unknown.</summary>
    public long EventAt { get; init; }

    /// <summary>Not to be delivered before, in milliseconds since 1970; 0 for at once.</summary>
    public long DeliverAt { get; init; }

    /// <summary>How many messages it holds.</summary>
    public int Messages { get; init; }

    /// <summary>Whether its payload is a batch: then it has the form of one even where <see cref="Messages"/> is 1.</summary>
    public bool IsBatch { get; init; }

    /// <summary>How its payload is compressed.</summary>
    public MessageCompression Compression { get; init; }

    /// <summary>The length of the payload before compression, in bytes.</summary>
    public int UncompressedSize { get; init; }

    /// <summary>The ordering key where there is one, else the key, in its bytes; empty for neither. Of a batch: what it was made by, or empty.</summary>
    public ReadOnlyMemory<byte> StickyKey { get; init; }

    /// <summary>Whether it has a key (which may be empty).</summary>
    public bool HasKey { get; init; }

    /// <summary>Which chunk of a message it is, from 0; -1 for a whole one.</summary>
    public int Chunk { get; init; }

    /// <summary>How many chunks the message has; 0 for a whole one.</summary>
    public int Chunks { get; init; }

    /// <summary>Greater than 0 for what brokers write among the messages for each other; consumers do not get it.</summary>
    public int Marker { get; init; }

    /// <summary>The cluster that it was replicated from, as it stands in the entry: UTF-8; empty where it was published here.</summary>
    public ReadOnlyMemory<byte> ReplicatedFrom { get; init; }

    /// <summary>Where it was in the cluster that it was replicated from; not known where it was published here, or comes from a cluster that does not say.</summary>
    public EntrySource Source { get; init; }

    /// <summary>Whether its payload is encrypted: nobody but its consumers can take it apart.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>Whether it is a tombstone.</summary>
    public bool IsTombstone { get; init; }

    /// <summary>Where the payload begins in the entry.</summary>
    public int PayloadOffset { get; init; }
}
