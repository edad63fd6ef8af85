using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>A slot of keys of which messages are with a consumer or wait.</summary>
internal sealed class KeySlot
{
    /// <summary>Who has the messages that are delivered; while there are any, no one else gets messages of this slot.</summary>
    public Consumer? Owner { get; set; }

    /// <summary>How many entries are delivered and not acknowledged.</summary>
    public int Pending { get; set; }

    /// <summary>How many entries wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>Entries that wait until the owner, which is not to get more of this slot, has acknowledged what it has; null for none.</summary>
    public List<Position>? Parked { get; set; }

    // No entry before this one waits. Those taken out to be delivered raise it, so that they do not wait for each other; those that come back lower it.
    private Position _lowest;

    public bool IsEmpty => Pending == 0 && Waiting == 0;

    /// <summary>Whether an entry has to wait because an earlier one of the slot may be waiting.</summary>
    public bool IsBehindOthers(Position position) => Waiting > 0 && _lowest < position;

    public void Wait(Position position)
    {
        _lowest = Waiting == 0 || position < _lowest ? position : _lowest;
        Waiting++;
    }

    /// <summary>The first of those that wait is taken out.</summary>
    public void Take(Position position)
    {
        _lowest = position;
        Waiting--;
    }
}
