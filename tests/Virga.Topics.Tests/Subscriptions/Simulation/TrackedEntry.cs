using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>What the checker knows of one entry.</summary>
internal sealed class TrackedEntry(Position position, int messages, int slot, long deliverAt, long publishedAt, bool isMarker)
{
    public Position Position { get; } = position;

    public int Messages { get; } = messages;

    public int Slot { get; } = slot;

    /// <summary>Not to be delivered before; 0 for at once.</summary>
    public long DeliverAt { get; } = deliverAt;

    public long PublishedAt { get; } = publishedAt;

    /// <summary>Nobody gets it, and nobody acknowledges it.</summary>
    public bool IsMarker { get; } = isMarker;

    /// <summary>One bit for each message that is not acknowledged as the subscription must know it now.</summary>
    public ulong Remaining { get; set; } = All(messages);

    /// <summary>The same of what must outlive a crash.</summary>
    public ulong RemainingAfterCrash { get; set; } = All(messages);

    /// <summary>When the last of it was acknowledged, in ticks of the world.</summary>
    public long AcknowledgedAt { get; set; }

    /// <summary>Which client was given it last and has neither acknowledged nor given it back.</summary>
    public SimulatedClient? Holder { get; set; }

    /// <summary>The log has forgotten it, because it was acknowledged once.</summary>
    public bool IsTrimmed { get; set; }

    public bool IsAcknowledged => Remaining == 0 || IsMarker || IsTrimmed;

    public static ulong All(int messages) => messages >= 64 ? ulong.MaxValue : (1UL << messages) - 1;

    /// <summary>The same in the form of an acknowledgement.</summary>
    public static long[]? Bits(ulong remaining) => remaining == 0 ? null : [(long)remaining];

    /// <summary>What a stored cursor says of it.</summary>
    public ulong RemainingIn(CursorRecord record, EntrySet acknowledged)
    {
        if (Position <= record.MarkDeleted || acknowledged.Contains(Position))
        {
            return 0;
        }

        foreach (var (position, bits) in record.Partial)
        {
            if (position == Position)
            {
                return All(Messages) & (ulong)bits[0];
            }
        }

        return All(Messages);
    }
}
