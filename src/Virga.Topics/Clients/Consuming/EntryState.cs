using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Consuming;

/// <summary>
/// What became of the messages of one entry: each is acknowledged, rejected or neither. An entry is delivered again as a whole but for what is acknowledged, so that this is asked for
/// once nothing of it is in anybody's hands. Not safe for several threads.
/// </summary>
internal sealed class EntryState
{
    private const int WordBits = 64;

    // One bit for each message, as the protocol has it; null where the entry is one message.
    private readonly long[]? _open;
    private readonly long[]? _unsettled;

    // What its user had got over an earlier attachment and not settled when this one delivered it again.
    private readonly long[]? _held;
    private readonly bool _isHeld;
    private int _openCount;
    private int _unsettledCount;

    /// <summary>The state of an entry that has just been delivered.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="isBatch">Whether its messages have places in it.</param>
    /// <param name="attachment">Over which attachment it came.</param>
    /// <param name="before">What is known of it from an earlier delivery; null for nothing.</param>
    /// <param name="countsItself">Whether its rejections are counted here: where one consumer gets everything in order, the broker counts all that follow a rejected entry too.</param>
    public EntryState(in DeliveredEntry entry, bool isBatch, int attachment, EntryState? before, bool countsItself)
    {
        (Position, Messages, Attachment) = (entry.Position, entry.Messages, attachment);
        Rejections = !countsItself ? entry.Redeliveries : before is null ? 0 : before.Rejections + (before.RedeliverAt != 0 || before.HasTimedOut ? 1 : 0);
        _isHeld = before is { IsSettled: false };
        _openCount = before is { IsAcknowledged: true } ? 0 : 1;
        if (isBatch)
        {
            _open = All(entry.Messages);
            And(_open, entry.Unacknowledged);
            And(_open, before?._open);
            _openCount = Count(_open);
            _unsettled = [.. _open];
            _held = before?._unsettled?.ToArray();
        }

        _unsettledCount = _openCount;
    }

    public Position Position { get; }

    /// <summary>How many messages it holds, acknowledged ones included.</summary>
    public int Messages { get; }

    /// <summary>How often it was rejected before, or delivered without a word.</summary>
    public int Rejections { get; }

    /// <summary>Whether its user's time was over.</summary>
    public bool HasTimedOut { get; private set; }

    /// <summary>Over which attachment it came last.</summary>
    public int Attachment { get; }

    /// <summary>The positions of the other chunks of its message.</summary>
    public IReadOnlyList<Position> Chunks { get; init; } = [];

    /// <summary>Its messages, where they may become dead letters.</summary>
    public List<TopicMessage>? Kept { get; set; }

    /// <summary>When it is delivered again, by the clock's timestamp; 0 while nothing of it was rejected.</summary>
    public long RedeliverAt { get; set; }

    /// <summary>When what nobody has dealt with is taken for rejected, by the clock's timestamp; 0 for never.</summary>
    public long TimesOutAt { get; set; }

    /// <summary>Whether acknowledgements of some of its messages have yet to be told to the broker.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Whether everything in it is acknowledged.</summary>
    public bool IsAcknowledged => _openCount == 0;

    /// <summary>Whether everything in it is acknowledged or rejected.</summary>
    public bool IsSettled => _unsettledCount == 0;

    /// <summary>Whether a message is not acknowledged.</summary>
    public bool IsOpen(int index) => _open is null ? _openCount > 0 : IsSet(_open, index);

    /// <summary>Whether a message is to be given to the user: it is not acknowledged, and the user does not have it still.</summary>
    public bool IsWanted(int index) => IsOpen(index) && !(_isHeld && (_held is null || IsSet(_held, index)));

    /// <summary>Whether a message is neither acknowledged nor rejected.</summary>
    public bool IsUnsettled(int index) => _unsettled is null ? _unsettledCount > 0 : IsSet(_unsettled, index);

    /// <summary>A message is acknowledged; one that is no place of the entry's stands for the whole. False when it was already.</summary>
    public bool Acknowledge(int index)
    {
        if (_open is null || index < 0)
        {
            var wasOpen = _openCount > 0;
            (_openCount, _unsettledCount) = (0, 0);
            return wasOpen;
        }

        Settle(index);
        if (!Clear(_open, index))
        {
            return false;
        }

        _openCount--;
        return true;
    }

    /// <summary>A message is rejected. False when it is settled already.</summary>
    public bool Settle(int index)
    {
        if (_unsettled is null || index < 0)
        {
            var wasUnsettled = _unsettledCount > 0;
            _unsettledCount = 0;
            return wasUnsettled;
        }

        if (!Clear(_unsettled, index))
        {
            return false;
        }

        _unsettledCount--;
        return true;
    }

    /// <summary>Nothing of it is in the user's hands any more.</summary>
    public void SettleAll(bool isTimeout)
    {
        HasTimedOut |= isTimeout;
        _unsettledCount = 0;
        if (_unsettled is not null)
        {
            Array.Clear(_unsettled);
        }
    }

    /// <summary>What the broker is told: that it is acknowledged as a whole, or which of its messages are not.</summary>
    public BatchAck ToAck() => new(Position, IsAcknowledged ? null : [.. _open!]);

    /// <summary>What the broker is told when everything of an entry up to a message is acknowledged.</summary>
    public static BatchAck UpTo(Position position, int index, int messages)
    {
        var open = All(messages);
        for (var i = 0; i <= index && i < messages; i++)
        {
            Clear(open, i);
        }

        return new BatchAck(position, Count(open) == 0 ? null : open);
    }

    private static long[] All(int messages)
    {
        var bits = new long[(messages + WordBits - 1) / WordBits];
        Array.Fill(bits, -1L);
        if (messages % WordBits is > 0 and var rest)
        {
            bits[^1] = (1L << rest) - 1;
        }

        return bits;
    }

    // Words that are not there stand for nothing left: the protocol leaves out what is zero at the end.
    private static void And(long[] bits, long[]? other)
    {
        for (var i = 0; other is not null && i < bits.Length; i++)
        {
            bits[i] &= i < other.Length ? other[i] : 0;
        }
    }

    private static int Count(long[] bits)
    {
        var count = 0;
        foreach (var word in bits)
        {
            count += System.Numerics.BitOperations.PopCount((ulong)word);
        }

        return count;
    }

    private static bool IsSet(long[] bits, int index) => index >= 0 && index / WordBits < bits.Length && (bits[index / WordBits] & (1L << (index % WordBits))) != 0;

    private static bool Clear(long[] bits, int index)
    {
        if (!IsSet(bits, index))
        {
            return false;
        }

        bits[index / WordBits] &= ~(1L << (index % WordBits));
        return true;
    }
}
