using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>
/// What a subscription has acknowledged: everything up to a position, single entries behind it, and messages inside batches. It never moves over an entry that was not acknowledged.
/// Not safe for several threads.
/// </summary>
internal sealed class Cursor(ITopicLog log)
{
    private readonly Dictionary<Position, long[]> _partial = [];

    /// <summary>All up to here is acknowledged.</summary>
    public Position MarkDeleted { get; private set; } = Position.Earliest;

    /// <summary>Acknowledged entries behind <see cref="MarkDeleted"/>.</summary>
    public EntrySet Acknowledged { get; } = new();

    /// <summary>Batches of which some messages are acknowledged.</summary>
    public IReadOnlyDictionary<Position, long[]> Partial => _partial;

    /// <summary>Counts the changes: what was stored is compared with it.</summary>
    public long Changes { get; private set; }

    /// <summary>Entries that are not acknowledged.</summary>
    public long Backlog => Math.Max(0, log.Count(MarkDeleted, log.Last) - Acknowledged.Count);

    public bool IsAcknowledged(Position position) => position <= MarkDeleted || Acknowledged.Contains(position);

    /// <summary>Which messages of an entry are not acknowledged; null for all.</summary>
    public long[]? Remaining(Position position) => _partial.Count > 0 && _partial.TryGetValue(position, out var bits) ? bits : null;

    /// <summary>Acknowledges an entry; false when it was.</summary>
    public bool Acknowledge(Position position)
    {
        if (position <= MarkDeleted)
        {
            return false;
        }

        if (_partial.Count > 0)
        {
            _partial.Remove(position);
        }

        // Most come in their order: then there is nothing to keep behind the mark.
        if (Acknowledged.Count == 0 && position.Ledger == MarkDeleted.Ledger && position.Entry == MarkDeleted.Entry + 1)
        {
            MarkDeleted = position;
        }
        else if (Acknowledged.Add(position))
        {
            Advance();
        }
        else
        {
            return false;
        }

        Changes++;
        return true;
    }

    /// <summary>Acknowledges messages of a batch.</summary>
    /// <returns>Whether the whole entry is acknowledged now and was not before.</returns>
    public bool Acknowledge(Position position, ReadOnlySpan<long> unacknowledged)
    {
        if (IsAcknowledged(position))
        {
            return false;
        }

        var bits = _partial.TryGetValue(position, out var before) ? BatchBits.And(before, unacknowledged) : unacknowledged.ToArray();
        if (BatchBits.IsEmpty(bits))
        {
            return Acknowledge(position);
        }

        _partial[position] = bits;
        Changes++;
        return false;
    }

    /// <summary>Acknowledges all up to a position that lies in the log; false when it was.</summary>
    public bool AcknowledgeThrough(Position position)
    {
        if (position <= MarkDeleted)
        {
            return false;
        }

        MarkDeleted = position;
        Acknowledged.RemoveThrough(position);
        ForgetPartialThrough();
        Advance();
        Changes++;
        return true;
    }

    /// <summary>Begins anew behind a position, whatever was acknowledged.</summary>
    public void Reset(Position markDeleted, Position partial = default, long[]? remaining = null)
    {
        MarkDeleted = markDeleted;
        Acknowledged.Clear();
        _partial.Clear();
        if (remaining is not null)
        {
            _partial[partial] = remaining;
        }

        Changes++;
    }

    /// <summary>Something that is stored with the cursor has changed.</summary>
    public void Touch() => Changes++;

    /// <summary>Takes over what was stored. Of what the log has trimmed meanwhile nothing is left to acknowledge.</summary>
    /// <param name="record">What was stored.</param>
    /// <param name="oldest">What has the oldest entries that a consumer may still get.</param>
    public void Restore(CursorRecord record, ITopicLog oldest)
    {
        MarkDeleted = record.MarkDeleted;
        foreach (var page in record.Pages)
        {
            Acknowledged.Append(page);
        }

        foreach (var (position, remaining) in record.Partial)
        {
            _partial[position] = remaining;
        }

        if (!AcknowledgeThrough(oldest.Before(oldest.First)))
        {
            Advance();
        }
    }

    private void Advance()
    {
        while (Acknowledged.Count > 0)
        {
            var next = new Position(MarkDeleted.Ledger, MarkDeleted.Entry + 1);
            if (!Acknowledged.Contains(next))
            {
                next = log.After(MarkDeleted);
                if (!Acknowledged.Contains(next))
                {
                    break;
                }
            }

            MarkDeleted = new Position(next.Ledger, Acknowledged.RunEnd(next));
            Acknowledged.RemoveThrough(MarkDeleted);
        }
    }

    private void ForgetPartialThrough()
    {
        if (_partial.Count == 0)
        {
            return;
        }

        foreach (var position in _partial.Keys)
        {
            if (position <= MarkDeleted)
            {
                // Removing while enumerating is allowed for this collection.
                _partial.Remove(position);
            }
        }
    }
}
