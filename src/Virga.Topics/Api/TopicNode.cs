using Virga.Topics.Brokers;
using Virga.Topics.Clients;

namespace Virga.Topics.Api;

/// <summary>A node's topics, as the edges need them.</summary>
/// <param name="Broker">The topics themselves.</param>
/// <param name="Client">Publishes to them and consumes them, wherever they are owned.</param>
public sealed record TopicNode(TopicBroker Broker, TopicClient Client);
