using Microsoft.Extensions.Logging;
using Virga.Topics.Logs;
using Virga.Topics.Metadata;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;

namespace Virga.Topics.Brokers;

/// <summary>What the topics of a node share.</summary>
internal sealed record TopicServices(LogServices Logs, PolicyBook Policies, PublishMemory Memory, TopicBrokerOptions Options, TimeProvider Time, Random Random, ILogger Logger)
{
    /// <summary>What is published to all of them.</summary>
    public PublishMeter Published { get; } = new();

    /// <summary>Hands old ledgers on to a colder store; null where there is none.</summary>
    public TopicOffloader? Offloader { get; init; }

    public ITopicMetadata Metadata => Logs.Metadata;
}
