using Virga.Core.Resources;
using Virga.Streams.Windows;
using Virga.Topics.Messages;

namespace Virga.Streams.Lanes;

/// <summary>A message on its way through a lane.</summary>
internal sealed class StreamMessage : IWindowed
{
    /// <summary>What was published.</summary>
    public required TopicMessage Message { get; init; }

    /// <summary>The entry that it is in; of a message in chunks the last one.</summary>
    public required Position Position { get; init; }

    /// <summary>Its place in a batch; -1 where the entry is one message.</summary>
    public required int BatchIndex { get; init; }

    /// <summary>The entries of its other chunks.</summary>
    public IReadOnlyList<Position> Chunks { get; init; } = [];

    /// <inheritdoc/>
    public required long Time { get; init; }

    /// <inheritdoc/>
    public required string Key { get; init; }

    /// <inheritdoc/>
    public required long Sequence { get; init; }

    /// <summary>How many permits it took: of a batch, the last message has those of messages that did not come because they were acknowledged.</summary>
    public int Permits { get; init; } = 1;

    /// <summary>How many bytes of entries are no longer under way with it: of a batch, the last message has them all.</summary>
    public long EntryBytes { get; init; }

    /// <summary>How many bytes it keeps in memory, about.</summary>
    public int Bytes => Message.Payload.Length + 256;

    /// <summary>The time of a message that windows go by, in milliseconds since 1970.</summary>
    public static long TimeOf(TopicMessage message, StreamWindow? window) =>
        (window?.Time == StreamTime.Event ? message.EventAt ?? message.PublishedAt : message.PublishedAt).ToUnixTimeMilliseconds();
}
