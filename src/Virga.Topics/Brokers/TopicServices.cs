using Microsoft.Extensions.Logging;
using Virga.Topics.Logs;
using Virga.Topics.Metadata;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;

namespace Virga.Topics.Brokers;

/// <summary>What the topics of a node share.</summary>
internal sealed record TopicServices(LogServices Logs, PolicyBook Policies, PublishMemory Memory, TopicBrokerOptions Options, TimeProvider Time, Random Random, ILogger Logger)
{
    public ITopicMetadata Metadata => Logs.Metadata;
}
