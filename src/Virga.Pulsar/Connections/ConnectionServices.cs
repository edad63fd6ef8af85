using Microsoft.Extensions.Logging;
using Virga.Pulsar.Lookups;
using Virga.Pulsar.Server;
using Virga.Topics.Brokers;

namespace Virga.Pulsar.Connections;

/// <summary>What the connections of a node share.</summary>
internal sealed record ConnectionServices(TopicBroker Broker, BrokerAddresses Addresses, PulsarOptions Options, TimeProvider Time, ILogger Logger);
