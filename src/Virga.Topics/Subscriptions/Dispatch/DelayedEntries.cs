using System.Runtime.InteropServices;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>
/// Entries that are not to be delivered before their time. The earliest are remembered with their times, up to a number; of the others only that they are there, in a bit each: they are read again
/// when half of those remembered are delivered. Nothing of this is stored: an entry that was not delivered is not acknowledged, and found again.
/// </summary>
internal sealed class DelayedEntries(int most)
{
    // Sorted at both ends: the earliest is delivered, the latest makes room for an earlier one.
    private readonly SortedSet<Delayed> _byTime = new(ByTime.Instance);
    private readonly EntrySet _forgotten = new();
    private long _forgottenDue = long.MaxValue;
    private Position _recallFrom = Position.Earliest;
    private bool _isRecalling;

    public long Count => _byTime.Count + _forgotten.Count;

    /// <summary>When something is due; null for never.</summary>
    public long? Next => _byTime.Count > 0 ? Math.Min(_byTime.Min.Due, _forgottenDue) : _forgotten.Count > 0 ? _forgottenDue : null;

    public void Add(Position position, int slot, long due)
    {
        if (_byTime.Count >= most)
        {
            var latest = _byTime.Max;
            if (_byTime.Count == 0 || latest.Due <= due)
            {
                Forget(position, due);
                return;
            }

            _byTime.Remove(latest);
            Forget(latest.Position, latest.Due);
        }

        _byTime.Add(new Delayed(due, position, slot));
    }

    /// <summary>Puts an entry back whose time could not be read.</summary>
    public void Forget(Position position) => Forget(position, 0);

    /// <summary>Takes one that is due.</summary>
    public bool TryTake(long now, out Position position, out int slot)
    {
        (position, slot) = (default, 0);
        var first = _byTime.Min;
        if (_byTime.Count == 0 || first.Due > now)
        {
            return false;
        }

        _byTime.Remove(first);
        (position, slot) = (first.Position, first.Slot);
        return true;
    }

    /// <summary>Whether forgotten ones are to be read again.</summary>
    public bool IsRecallDue(long now)
    {
        if (!_isRecalling && _forgotten.Count > 0 && (_byTime.Count <= most / 2 || _forgottenDue <= now))
        {
            (_isRecalling, _recallFrom, _forgottenDue) = (true, Position.Earliest, long.MaxValue);
        }

        return _isRecalling;
    }

    /// <summary>Takes forgotten ones that lie close together, to be read and added again.</summary>
    public bool TakeForgotten(List<ReturnedEntry> into, int count)
    {
        while (into.Count < count && _forgotten.TryNext(_recallFrom, out var position))
        {
            if (into.Count > 0 && (position.Ledger != into[0].Position.Ledger || position.Entry - into[0].Position.Entry >= count))
            {
                break;
            }

            _forgotten.Remove(position);
            _recallFrom = new Position(position.Ledger, position.Entry + 1);
            into.Add(new ReturnedEntry(position, 0));
        }

        _isRecalling = into.Count > 0;
        return _isRecalling;
    }

    public void Clear()
    {
        _byTime.Clear();
        _forgotten.Clear();
        (_forgottenDue, _isRecalling) = (long.MaxValue, false);
    }

    private void Forget(Position position, long due)
    {
        _forgotten.Add(position);
        _forgottenDue = Math.Min(_forgottenDue, due);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Delayed(long Due, Position Position, int Slot);

    private sealed class ByTime : IComparer<Delayed>
    {
        public static ByTime Instance { get; } = new();

        public int Compare(Delayed x, Delayed y) => x.Due != y.Due ? x.Due.CompareTo(y.Due) : x.Position.CompareTo(y.Position);
    }
}
