using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <content>What waits for its time, and the end of a topic. Everything here is under the gate.</content>
public sealed partial class CursorSubscription
{
    private void TellEnd()
    {
        var isLeft = _hand.Count > 0 || _taken.Count > 0 || _read <= Source.Last || Dispatcher!.Returned > 0 || _delays.Count > 0;
        if (isLeft && _cursor.Backlog > 0)
        {
            return;
        }

        foreach (var consumer in Consumers)
        {
            if (!consumer.KnowsEnd)
            {
                consumer.KnowsEnd = true;
                Notify(consumer, NoticeKind.End);
            }
        }
    }

    private void Delay(Position position, int slot, long due, long now)
    {
        _delays.Add(position, slot, due);
        Alarm(due, now);
    }

    // Delayed messages whose times were not remembered are looked at again when there is room for them.
    private bool Recall(int most)
    {
        _isRecalling = _delays.IsRecallDue(Context.Time.GetUtcNow().ToUnixTimeMilliseconds()) && _delays.TakeForgotten(_taken, most);
        return _isRecalling;
    }

    private void ReleaseDelayed(long now)
    {
        while (_delays.TryTake(now, out var position, out var slot))
        {
            if (!_cursor.IsAcknowledged(position))
            {
                Dispatcher!.Return(position, slot);
            }
        }

        if (_delays.Next is { } due && due > now)
        {
            Alarm(due, now);
        }
    }

    private void Alarm(DateTimeOffset at) => Alarm(at.ToUnixTimeMilliseconds(), Context.Time.GetUtcNow().ToUnixTimeMilliseconds());

    // Wakes the subscription at a time, or before it where something else is due.
    private void Alarm(long at, long now)
    {
        if (at < _alarmAt && !_isEnded)
        {
            _alarmAt = at;
            _alarm.Change(TimeSpan.FromMilliseconds(Math.Clamp(at - now, 1, int.MaxValue - 1)), Timeout.InfiniteTimeSpan);
        }
    }

    private void Rang()
    {
        lock (Gate)
        {
            _alarmAt = long.MaxValue;
            _isResting = false;
        }

        Wake();
    }
}
