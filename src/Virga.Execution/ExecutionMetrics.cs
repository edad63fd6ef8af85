using System.Diagnostics.Metrics;
using Virga.Execution.Scheduling;

namespace Virga.Execution;

/// <summary>The numbers of pools, memory and snapshots; those of invocations are counted where they end.</summary>
internal sealed class ExecutionMetrics : IDisposable
{
    private readonly Meter _meter = new("Virga.Execution");

    public ExecutionMetrics(Scheduler scheduler)
    {
        _meter.CreateObservableUpDownCounter("virga.instances", () => Instances(scheduler), "{instance}", "Instances of functions, by state.");
        _meter.CreateObservableUpDownCounter("virga.queue", () => (long)scheduler.FunctionPools().Sum(p => p.Queued), "{call}", "Calls that wait for an instance.");
        _meter.CreateObservableUpDownCounter("virga.memory.reserved", () => scheduler.MemoryUse.Reserved, "By", "Memory that instances may use at the moment.");
        _meter.CreateObservableUpDownCounter("virga.memory.budget", () => scheduler.MemoryUse.Budget, "By", "Memory that all instances may have together.");
        if (scheduler.Snapshots is { } snapshots)
        {
            _meter.CreateObservableCounter("virga.snapshots.taken", () => snapshots.Counters.Taken, "{snapshot}", "Snapshots that were written.");
            _meter.CreateObservableCounter("virga.snapshots.restored", () => snapshots.Counters.Restored, "{restore}", "Instances that were restored from a snapshot.");
            _meter.CreateObservableCounter("virga.snapshots.invalid", () => snapshots.Counters.Invalid, "{snapshot}", "Snapshots that were damaged or of no use, and removed.");
            _meter.CreateObservableCounter("virga.snapshots.failed", () => snapshots.Counters.Failed, "{snapshot}", "Snapshots that could not be written.");
            _meter.CreateObservableCounter("virga.snapshots.evicted", () => snapshots.Counters.Evicted, "{snapshot}", "Snapshots removed for their age or for want of space.");
            _meter.CreateObservableUpDownCounter("virga.snapshots.bytes", () => snapshots.Counters.Bytes, "By", "Disk that snapshots use.");
        }
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Instances(Scheduler scheduler) =>
        scheduler.FunctionPools().SelectMany(pool => pool.Instances).CountBy(instance => instance.State)
            .Select(state => new Measurement<long>(state.Value, new KeyValuePair<string, object?>("state", state.Key)));
}
