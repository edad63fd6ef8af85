using System.Diagnostics.Metrics;
using Virga.Topics.Logs;

namespace Virga.Topics.Brokers;

/// <summary>The numbers of a node's topics.</summary>
internal sealed class BrokerMetrics : IDisposable
{
    private readonly Meter _meter = new("Virga.Topics");

    public BrokerMetrics(TopicBroker broker, TopicServices services)
    {
        _meter.CreateObservableUpDownCounter("virga.topics.open", () => broker.OpenCount, "{topic}", "Topics and partitions that the node has in memory.");
        _meter.CreateObservableCounter("virga.topics.published", () => services.Published.Messages, "{message}", "Messages that producers handed over.");
        _meter.CreateObservableCounter("virga.topics.published.size", () => services.Published.Bytes, "By", "Size of the entries that producers handed over.");
        _meter.CreateObservableUpDownCounter("virga.topics.pending.size", () => services.Memory.Bytes, "By", "Size of the entries that are on their way to the disk.");
        _meter.CreateObservableUpDownCounter("virga.topics.tail.memory", () => services.Logs.Tails.Bytes, "By", "Memory that the newest entries of all topics take.");
        _meter.CreateObservableCounter("virga.topics.tail.hits", () => services.Logs.Tails.Figures.Hits, "{entry}", "Entries that were read from memory.");
        _meter.CreateObservableCounter("virga.topics.tail.misses", () => services.Logs.Tails.Figures.Misses, "{entry}", "Entries that were read from the store of ledgers.");
    }

    public void Dispose() => _meter.Dispose();
}
