using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving;

/// <summary>A consumer of a topic that this node owns.</summary>
internal sealed class LocalConsumer(Topic topic, SubscriptionName name, Consumer consumer) : IServedConsumer
{
    public long? Backlog => topic.Find(name)?.Backlog;

    public void Permit(int messages) => consumer.Permit(messages);

    public void Acknowledge(ReadOnlySpan<BatchAck> acks) => consumer.Acknowledge(acks);

    public void AcknowledgeUpTo(BatchAck last) => consumer.AcknowledgeUpTo(last);

    public ValueTask AcknowledgedAsync(CancellationToken cancellation) => consumer.AcknowledgedAsync(cancellation);

    public void Redeliver(ReadOnlySpan<Position> positions) => consumer.Redeliver(positions);

    public void RedeliverAll() => consumer.RedeliverAll();

    public ValueTask SeekAsync(MessageId to, CancellationToken cancellation) => Require().SeekAsync(to, cancellation);

    public ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation) => Require().SeekAsync(to, cancellation);

    public void Detach() => consumer.Detach();

    private Subscription Require() => topic.Find(name) ?? throw new ProblemException(KnownProblems.NotFound($"There is no subscription '{name}' any more.", "Subscribe again."));
}
