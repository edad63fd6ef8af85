using Virga.Topics.Ledgers;
using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>
/// An entry on its way into a topic's log: the object that the publisher made travels to the store and back, and nothing else is made for it. The ends come in the order of the appends.
/// </summary>
public abstract class LogAppend : LedgerAppend
{
    /// <summary>The ledger that it was handed to.</summary>
    internal OpenLedger? Ledger { get; set; }

    /// <summary>The next one that waits for a ledger to be begun.</summary>
    internal LogAppend? NextWaiting { get; set; }

    /// <inheritdoc/>
    public sealed override void Confirmed()
    {
        var ledger = Ledger!;
        var position = new Position(ledger.Id, EntryId);
        ledger.Log.Confirm(ledger, position, Data);
        Appended(position);
        ledger.Log.Announce();
    }

    /// <inheritdoc/>
    public sealed override void Failed(Exception failure)
    {
        Ledger?.Log.Lose(failure);
        Refused(failure);
    }

    /// <summary>It is as durable as the store promises, and can be read.</summary>
    internal abstract void Appended(Position position);

    /// <summary>It is not acknowledged. Whether it is in the log is known after the next recovery only, unless it is a <see cref="LogClosedException"/>: then it is not.</summary>
    internal abstract void Refused(Exception failure);
}
