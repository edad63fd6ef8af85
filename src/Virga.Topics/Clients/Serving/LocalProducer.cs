using Virga.Topics.Brokers;
using Virga.Topics.Publishing;

namespace Virga.Topics.Clients.Serving;

/// <summary>A producer of a topic that this node owns.</summary>
internal sealed class LocalProducer(Producer producer) : IServedProducer
{
    public string Name => producer.Name;

    public long LastSequenceId => producer.LastSequenceId;

    public void Publish(PendingPublish publish) => producer.Publish(publish);

    public void Detach() => producer.Detach();
}
