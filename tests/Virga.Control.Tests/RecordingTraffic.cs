using System.Collections.Concurrent;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Control.Tests;

/// <summary>Stands where the gateway and the execution engine stand, and notes what they are told.</summary>
internal sealed class RecordingTraffic : IRouteSink, IFunctionLifecycleListener
{
    public ConcurrentDictionary<string, Route> Routes { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<Route> RemovedRoutes { get; } = new();

    public ConcurrentQueue<FunctionVersion> Retired { get; } = new();

    public void Put(Route route) => Routes[route.Name.Value] = route;

    public void Remove(Route route)
    {
        Routes.TryRemove(route.Name.Value, out _);
        RemovedRoutes.Enqueue(route);
    }

    /// <summary>Makes versions ready; at once unless a test says otherwise.</summary>
    public Func<FunctionVersion, CancellationToken, ValueTask> Prepare { get; set; } = (_, _) => ValueTask.CompletedTask;

    public ConcurrentQueue<FunctionVersion> Prepared { get; } = new();

    public ConcurrentQueue<FunctionVersion> Live { get; } = new();

    public ValueTask PrepareAsync(FunctionVersion version, CancellationToken cancellation)
    {
        Prepared.Enqueue(version);
        return Prepare(version, cancellation);
    }

    public void VersionLive(FunctionVersion version) => Live.Enqueue(version);

    public void VersionRetired(FunctionVersion version) => Retired.Enqueue(version);

    public void Clear()
    {
        Routes.Clear();
        RemovedRoutes.Clear();
        Prepared.Clear();
        Live.Clear();
        Retired.Clear();
    }
}
