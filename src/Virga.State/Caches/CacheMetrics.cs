using System.Diagnostics.Metrics;
using Virga.State.Index;

namespace Virga.State.Caches;

/// <summary>The numbers of a node's cache.</summary>
internal sealed class CacheMetrics : IDisposable
{
    private readonly Meter _meter = new("Virga.State");
    private readonly Func<CacheFigures> _figures;

    public CacheMetrics(CacheTable table, DirtyQueue dirty, Flusher flusher, CausalCut cut, IndexHome home, UpdateInbox inbox)
    {
        _figures = () => new CacheFigures(
            Hits.Value, Misses.Value, table.Count, table.Bytes, dirty.Count, dirty.Bytes, dirty.OldestAge, table.Evictions, flusher.Stored, flusher.Failures, inbox.Taken, cut.Broken, home.Index.Count);
        _meter.CreateObservableCounter("virga.state.cache.hits", () => Hits.Value, "{read}", "Reads that were answered from the node's memory.");
        _meter.CreateObservableCounter("virga.state.cache.misses", () => Misses.Value, "{read}", "Reads and writes that asked the store first.");
        _meter.CreateObservableGauge("virga.state.cache.hit_rate", HitRate, "1", "Which part of all reads was answered from the node's memory.");
        _meter.CreateObservableUpDownCounter("virga.state.cache.keys", () => table.Count, "{key}", "Keys that the node's cache holds.");
        _meter.CreateObservableUpDownCounter("virga.state.cache.memory", () => table.Bytes, "By", "Memory that the keys in the node's cache take.");
        _meter.CreateObservableCounter("virga.state.cache.evictions", () => table.Evictions, "{key}", "Keys that left the node's cache for want of memory.");
        _meter.CreateObservableUpDownCounter("virga.state.dirty.keys", () => dirty.Count, "{key}", "Keys whose last writes are in the node's log, not yet in the store.");
        _meter.CreateObservableUpDownCounter("virga.state.dirty.memory", () => dirty.Bytes, "By", "Size of the writes that are not yet in the store.");
        _meter.CreateObservableGauge("virga.state.dirty.age", () => dirty.OldestAge.TotalSeconds, "s", "For how long the oldest write waits for the store.");
        _meter.CreateObservableCounter("virga.state.flush.keys", () => flusher.Stored, "{key}", "Keys that were stored.");
        _meter.CreateObservableCounter("virga.state.flush.failures", () => flusher.Failures, "{flush}", "Flushes that the store did not take.");
        _meter.CreateObservableCounter("virga.state.updates", () => inbox.Taken, "{update}", "Updates that came from other nodes.");
        _meter.CreateObservableUpDownCounter("virga.state.index.keys", () => home.Index.Count, "{key}", "Keys of which the node is the home and knows a holder.");
        _meter.CreateObservableCounter("virga.state.dependencies.broken", () => cut.Broken, "{dependency}", "Dependencies that were not in the store.");
        var propagation = _meter.CreateHistogram<double>("virga.state.propagation", "s", "From a write to its arrival at another node that holds the key, the time on the wire left out.");
        inbox.Arrived = age => propagation.Record(age.TotalSeconds);
    }

    public StripedCounter Hits { get; } = new();

    public StripedCounter Misses { get; } = new();

    public CacheFigures Figures => _figures();

    public void Dispose() => _meter.Dispose();

    private double HitRate()
    {
        var (hits, misses) = (Hits.Value, Misses.Value);
        return hits + misses == 0 ? 1 : (double)hits / (hits + misses);
    }
}
