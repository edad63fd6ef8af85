using System.Diagnostics.Metrics;
using Virga.State.Caches;

namespace Virga.State.Stores.Embedded;

/// <summary>The numbers of a store on a machine alone; those that a node's cache in a cluster has as well have its names.</summary>
internal sealed class EmbeddedMetrics : IDisposable
{
    private readonly Meter _meter = new("Virga.State");

    public EmbeddedMetrics(StateMemory memory, StateHousekeeper housekeeper)
    {
        _meter.CreateObservableCounter("virga.state.cache.hits", () => Hits.Value, "{read}", "Reads that were answered from the node's memory.");
        _meter.CreateObservableCounter("virga.state.cache.misses", () => Misses.Value, "{read}", "Reads and writes that asked the database first.");
        _meter.CreateObservableCounter("virga.state.writes", () => Writes.Value, "{write}", "Writes that changed a key.");
        _meter.CreateObservableUpDownCounter("virga.state.cache.keys", () => memory.Count, "{key}", "Keys in the node's memory.");
        _meter.CreateObservableUpDownCounter("virga.state.cache.memory", () => memory.Bytes, "By", "Memory that the keys take.");
        _meter.CreateObservableUpDownCounter("virga.state.dirty.keys", () => memory.DirtyCount, "{key}", "Keys whose last writes are in the node's log, not yet in its database.");
        _meter.CreateObservableUpDownCounter("virga.state.log.size", () => housekeeper.LogBytes, "By", "Length of the log that the database does not have.");
        _meter.CreateObservableGauge("virga.state.checkpoint.age", () => housekeeper.CheckpointAge.TotalSeconds, "s", "Since the log last went into the database, while that lacks something.");
        _meter.CreateObservableCounter("virga.state.checkpoints", () => housekeeper.Checkpoints, "{checkpoint}", "How often the log went into the database.");
        _meter.CreateObservableCounter("virga.state.checkpoint.failures", () => housekeeper.Failures, "{failure}", "How often that, or what else the store does by itself, failed.");
    }

    public StripedCounter Hits { get; } = new();

    public StripedCounter Misses { get; } = new();

    public StripedCounter Writes { get; } = new();

    /// <summary>Whether an instrument is among these.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    public void Dispose() => _meter.Dispose();
}
