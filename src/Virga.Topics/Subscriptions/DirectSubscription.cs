using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Subscriptions;

/// <summary>
/// A subscription of a topic that keeps nothing: what is published goes to whoever is connected and has room, and is dropped, and counted, where nobody has. There is nothing to acknowledge, to seek
/// in or to store; a delivered message is never delivered again.
/// </summary>
public sealed class DirectSubscription : Subscription
{
    private long _dropped;
    private (long Messages, long Bytes, long DeliveredAt) _gone;
    private bool _isTerminated;

    /// <summary>A subscription.</summary>
    public DirectSubscription(SubscriptionContext context, SubscriptionName name)
        : base(context, name)
    {
    }

    /// <inheritdoc/>
    public override Position MarkDeleted => Position.Latest;

    /// <inheritdoc/>
    public override long Backlog => 0;

    /// <inheritdoc/>
    public override bool IsDurable => false;

    /// <summary>An entry was published. Returns at once; entries are delivered in the order of the calls.</summary>
    /// <param name="position">Its place, which only tells it from others.</param>
    /// <param name="data">Its bytes, never changed again.</param>
    public void Publish(Position position, ReadOnlyMemory<byte> data)
    {
        var isRead = MessageCodec.TryReadHeader(data, out var header);
        var messages = isRead ? Math.Max(1, header.Messages) : 1;
        lock (Gate)
        {
            if (IsClosed || Consumers.Count == 0)
            {
                _dropped += messages;
                return;
            }

            if (Dispatcher!.ChooseNow(isRead && Dispatcher.UsesKeys ? KeyHash.SlotOf(header) : 0) is not { } consumer)
            {
                _dropped += messages;
                return;
            }

            Hand(consumer, new DeliveredEntry(position, data, messages, 0, null), messages, Context.Time.GetUtcNow().ToUnixTimeMilliseconds());
            Dispatcher.Ready(consumer);
        }

        Wake();
    }

    /// <inheritdoc/>
    public override void Appended()
    {
    }

    /// <inheritdoc/>
    public override void Terminated()
    {
        lock (Gate)
        {
            _isTerminated = true;
        }

        Wake();
    }

    /// <inheritdoc/>
    public override ValueTask SeekAsync(MessageId to, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask SkipAsync(long messages, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask ClearAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask ExpireAsync(DateTimeOffset publishedBefore, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask FlushAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask DeleteAsync(CancellationToken cancellation) => CloseAsync(NoticeKind.Deleted, "was deleted");

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => CloseAsync(NoticeKind.Moved, "is closed here");

    /// <inheritdoc/>
    public override SubscriptionFigures Figures()
    {
        var consumers = new List<ConsumerFigures>();
        lock (Gate)
        {
            var (messages, bytes, delivered) = _gone;
            foreach (var consumer in Consumers)
            {
                consumers.Add(FiguresOf(consumer));
                messages += consumer.Messages;
                bytes += consumer.Bytes;
                delivered = Math.Max(delivered, consumer.DeliveredAt);
            }

            return new SubscriptionFigures
            {
                Name = Name,
                Type = consumers.Count > 0 ? Dispatcher!.Type : null,
                MarkDeleted = MarkDeleted,
                Messages = messages,
                Bytes = bytes,
                Dropped = _dropped,
                DeliveredAt = TimeOf(delivered),
                Consumers = consumers,
            };
        }
    }

    // Nothing is kept, so there is nothing that a note could go with.
    internal override string Note => "";

    internal override void Acknowledge(Consumer consumer, ReadOnlySpan<BatchAck> acks, string? note)
    {
        lock (Gate)
        {
            consumer.Acknowledged += acks.Length;
        }
    }

    internal override void AcknowledgeUpTo(Consumer consumer, BatchAck last)
    {
        lock (Gate)
        {
            consumer.Acknowledged++;
        }
    }

    internal override void Redeliver(Consumer consumer, ReadOnlySpan<Position> positions)
    {
    }

    internal override void RedeliverAll(Consumer consumer)
    {
    }

    private protected override bool Dispatch()
    {
        if (!_isTerminated)
        {
            return false;
        }

        foreach (var consumer in Consumers)
        {
            if (!consumer.KnowsEnd)
            {
                consumer.KnowsEnd = true;
                Notify(consumer, NoticeKind.End);
            }
        }

        return false;
    }

    private protected override void Detached(Consumer consumer) =>
        _gone = (_gone.Messages + consumer.Messages, _gone.Bytes + consumer.Bytes, Math.Max(_gone.DeliveredAt, consumer.DeliveredAt));

    private protected override void Withdrawn(Consumer consumer, Position position) => _dropped++;

    private async ValueTask CloseAsync(NoticeKind kind, string fence)
    {
        lock (Gate)
        {
            CloseConsumers(kind, fence);
        }

        await ToldAsync();
    }
}
