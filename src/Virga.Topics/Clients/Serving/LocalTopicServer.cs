using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving;

/// <summary>Attaches to topics that this node owns.</summary>
internal sealed class LocalTopicServer(TopicBroker broker) : ITopicServer
{
    public async ValueTask<IServedProducer> ProduceAsync(TopicName topic, ProducerOptions options, IProducerSink sink, CancellationToken cancellation)
    {
        var owned = await broker.GetAsync(topic, TopicCreation.AsPolicySays, cancellation);
        var admission = new AdmissionSink(sink);
        var producer = await owned.ProduceAsync(options, admission, cancellation);
        try
        {
            if (!producer.IsAdmitted)
            {
                await admission.Admission.WaitAsync(cancellation);
            }
        }
        catch
        {
            producer.Detach();
            throw;
        }

        return new LocalProducer(producer);
    }

    public async ValueTask<IServedConsumer> SubscribeAsync(TopicName topic, ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation)
    {
        var owned = await broker.GetAsync(topic, TopicCreation.AsPolicySays, cancellation);
        return new LocalConsumer(owned, options.Subscription, await owned.SubscribeAsync(options, sink, cancellation));
    }

    public async ValueTask CreateSubscriptionAsync(TopicName topic, SubscriptionName subscription, MessageId start, CancellationToken cancellation)
    {
        var owned = await broker.GetAsync(topic, TopicCreation.AsPolicySays, cancellation);
        try
        {
            if (owned.Find(subscription) is null)
            {
                await owned.CreateSubscriptionAsync(subscription, start, [], cancellation);
            }
        }
        catch (ProblemException e) when (e.Problem.Slug == "conflict")
        {
            // Somebody else has made it meanwhile.
            return;
        }
    }

    public async ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, MessageId to, CancellationToken cancellation) =>
        await (await FindAsync(topic, subscription, cancellation)).SeekAsync(to, cancellation);

    public async ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, DateTimeOffset to, CancellationToken cancellation) =>
        await (await FindAsync(topic, subscription, cancellation)).SeekAsync(to, cancellation);

    private async ValueTask<Subscription> FindAsync(TopicName topic, SubscriptionName subscription, CancellationToken cancellation) =>
        (await broker.GetAsync(topic, TopicCreation.Never, cancellation)).Find(subscription)
        ?? throw new ProblemException(KnownProblems.NotFound($"The topic {topic} has no subscription '{subscription}'.", "Subscribe first."));
}
