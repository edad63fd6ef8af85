using System.Numerics;
using Virga.Pulsar.Protocol;
using Virga.Topics.Messages;

namespace Virga.Pulsar.Commands;

/// <summary>Message ids, as the protocol has them: numbers that are less than 0 come and go as very great ones.</summary>
internal static class MessageIds
{
    /// <summary>The entry that is meant; of a message in chunks the first one.</summary>
    public static Position PositionOf(MessageIdData id)
    {
        var first = id.FirstChunkMessageId ?? id;
        return new Position((long)first.LedgerId, (long)first.EntryId);
    }

    /// <summary>The message that is meant: in a batch by its place, or as the first that the set leaves.</summary>
    public static MessageId Read(MessageIdData id)
    {
        var batch = id.BatchIndex;
        for (var i = 0; batch < 0 && i < id.AckSet.Count; i++)
        {
            if (id.AckSet[i] != 0)
            {
                batch = (i * 64) + BitOperations.TrailingZeroCount(id.AckSet[i]);
            }
        }

        return new MessageId(PositionOf(id), id.Partition, batch);
    }

    /// <summary>A message's id for a client.</summary>
    public static MessageIdData Write(MessageId id, int partition)
    {
        var written = new MessageIdData { LedgerId = (ulong)id.Position.Ledger, EntryId = (ulong)id.Position.Entry };
        if (partition >= 0)
        {
            written.Partition = partition;
        }

        if (id.BatchIndex >= 0)
        {
            written.BatchIndex = id.BatchIndex;
        }

        return written;
    }
}
