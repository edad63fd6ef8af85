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

    public List<FunctionVersion> Prepared { get; } = [];

    public List<FunctionVersion> Live { get; } = [];

    public ValueTask PrepareAsync(FunctionVersion version, CancellationToken cancellation)
    {
        Prepared.Add(version);
        return ValueTask.CompletedTask;
    }

    public void VersionLive(FunctionVersion version) => Live.Add(version);

    public void VersionRetired(FunctionVersion version) => Retired.Enqueue(version);

    public void Clear()
    {
        Routes.Clear();
        RemovedRoutes.Clear();
        Retired.Clear();
    }
}
