using System.Runtime.InteropServices;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <content>What goes to the sinks of consumers.</content>
public abstract partial class Subscription
{
    // Under the gate: an entry goes to a consumer.
    private protected void Hand(Consumer consumer, in DeliveredEntry entry, int messages, long now)
    {
        consumer.Outgoing.Add(entry);
        ChangePermits(consumer, consumer.Permits - messages);
        consumer.Messages += messages;
        consumer.Bytes += entry.Data.Length;
        consumer.DeliveredAt = now;
        if (entry.Redeliveries > 0)
        {
            consumer.Redelivered += messages;
        }

        if (!consumer.IsDeliveryNoticed)
        {
            consumer.IsDeliveryNoticed = true;
            Notify(consumer, NoticeKind.Deliver);
        }
    }

    // Under the gate: what was not delivered yet is not to be.
    private protected void TakeBack(Consumer consumer)
    {
        long messages = 0;
        foreach (var entry in consumer.Outgoing)
        {
            messages += entry.Permits;
            consumer.Bytes -= entry.Data.Length;
            Withdrawn(consumer, entry.Position);
        }

        consumer.Outgoing.Clear();
        consumer.Messages -= messages;
        ChangePermits(consumer, (int)Math.Min(int.MaxValue, consumer.Permits + messages));
        if (messages > 0 && !consumer.IsDetached)
        {
            Dispatcher!.Ready(consumer);
        }
    }

    // Completes when the sinks have been told all that there was to tell.
    private protected Task ToldAsync()
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (Gate)
        {
            _quiet.Add(told);
        }

        Wake();
        return told.Task;
    }

    private void Tell()
    {
        while (Next(out var notice))
        {
            var sink = notice.Consumer.Sink;
            switch (notice.Kind)
            {
                case NoticeKind.Deliver:
                    var entries = notice.Consumer.Sending;
                    if (entries.Count > 0)
                    {
                        sink.Deliver(CollectionsMarshal.AsSpan(entries));
                        entries.Clear();
                    }

                    break;
                case NoticeKind.Active:
                    sink.ActiveChanged(true);
                    break;
                case NoticeKind.Inactive:
                    sink.ActiveChanged(false);
                    break;
                case NoticeKind.End:
                    sink.EndReached();
                    break;
                default:
                    sink.Closed(notice.Kind == NoticeKind.Deleted ? CloseReason.Deleted : CloseReason.Moved);
                    break;
            }
        }
    }

    private bool Next(out Notice notice)
    {
        lock (Gate)
        {
            while (_notices.TryDequeue(out notice))
            {
                var consumer = notice.Consumer;
                if (notice.Kind == NoticeKind.Deliver)
                {
                    consumer.IsDeliveryNoticed = false;
                    (consumer.Sending, consumer.Outgoing) = (consumer.Outgoing, consumer.Sending);
                }

                if (!consumer.IsDetached || notice.Kind is NoticeKind.Moved or NoticeKind.Deleted)
                {
                    return true;
                }
            }

            foreach (var told in _quiet)
            {
                told.SetResult();
            }

            _quiet.Clear();
            return false;
        }
    }
}
