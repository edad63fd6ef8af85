using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// Decides which consumer gets an entry, and keeps what is to be delivered again or has to wait for its consumer. One for each way of sharing. Its members are called under the subscription's gate.
/// </summary>
internal abstract class Dispatcher
{
    public abstract SubscriptionType Type { get; }

    /// <summary>Whether it is remembered who has which entry; else only one consumer has any, and what is delivered again begins behind the cursor's mark.</summary>
    public virtual bool TracksEntries => true;

    /// <summary>Whether entries are dealt out by their keys.</summary>
    public virtual bool UsesKeys => false;

    /// <summary>Who gets the messages, where that is one consumer.</summary>
    public virtual Consumer? Active => null;

    /// <summary>How many entries are to be delivered again or wait; those among them that were acknowledged meanwhile are counted.</summary>
    public virtual int Returned => 0;

    /// <summary>Whether somebody may be given something.</summary>
    public abstract bool HasRoom { get; }

    /// <summary>Why a consumer cannot share with those who are there; null when it can.</summary>
    public virtual string? Refusal(ConsumerOptions options) => null;

    /// <exception cref="Core.Problems.ProblemException">It is refused; nothing has changed.</exception>
    public abstract void Add(Consumer consumer);

    public abstract void Remove(Consumer consumer);

    /// <summary>A consumer that could not be given anything may be able to now.</summary>
    public virtual void Ready(Consumer consumer)
    {
    }

    /// <summary>So many entries come now.</summary>
    public virtual void BeginPass(int entries)
    {
    }

    /// <summary>Who gets an entry; null when nobody can now.</summary>
    /// <param name="position">Which entry.</param>
    /// <param name="slot">The slot of its key.</param>
    /// <param name="waits">Whether the dispatcher has kept the entry until its own consumer can take it: the others go on.</param>
    public abstract Consumer? Choose(Position position, int slot, out bool waits);

    /// <summary>Who gets an entry that is dropped otherwise; null for nobody.</summary>
    public virtual Consumer? ChooseNow(int slot)
    {
        BeginPass(1);
        return Choose(default, slot, out _);
    }

    /// <summary>The entry went to the consumer that was chosen.</summary>
    public virtual void Delivered(Consumer consumer, int slot)
    {
    }

    /// <summary>A consumer has an entry no more: it acknowledged it, or gave it back.</summary>
    /// <returns>Whether entries that waited for this can be delivered now.</returns>
    public virtual bool Settled(int slot) => false;

    /// <summary>An entry is to be delivered again.</summary>
    public virtual void Return(Position position, int slot) => throw new InvalidOperationException("This way of sharing does not return single entries.");

    /// <summary>Takes entries that can be delivered again now: at most so many, of one ledger, close together, in their order.</summary>
    public virtual bool TakeReturned(List<ReturnedEntry> into, int most) => false;

    /// <summary>Forgets the entries that were returned, and who has which.</summary>
    public virtual void Clear()
    {
    }

    /// <summary>The slots of keys that a consumer gets.</summary>
    public virtual IReadOnlyList<(int First, int Last)> RangesOf(Consumer consumer) => [];

    // Takes the least entries of a queue, as long as reading them together is no waste.
    private protected static void TakeRun(PriorityQueue<int, Position> queue, List<ReturnedEntry> into, int most)
    {
        while (into.Count < most && queue.TryPeek(out var slot, out var position))
        {
            if (into.Count > 0 && (position.Ledger != into[0].Position.Ledger || position.Entry - into[0].Position.Entry >= most))
            {
                return;
            }

            queue.Dequeue();
            into.Add(new ReturnedEntry(position, slot));
        }
    }
}
