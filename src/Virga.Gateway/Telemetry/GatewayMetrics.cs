using System.Diagnostics.Metrics;

namespace Virga.Gateway.Telemetry;

/// <summary>The gateway's own numbers; those of invocations are counted where they run.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    private readonly Meter _meter = new("Virga.Gateway");
    private readonly Counter<long> _rejected;
    private long _active;
    private long _webSockets;

    public GatewayMetrics()
    {
        _meter.CreateObservableUpDownCounter("virga.gateway.requests.active", () => Volatile.Read(ref _active), "{request}", "Requests that are being served.");
        _meter.CreateObservableUpDownCounter("virga.gateway.websockets.active", () => Volatile.Read(ref _webSockets), "{socket}", "WebSockets that are open.");
        _rejected = _meter.CreateCounter<long>("virga.gateway.requests.rejected", "{request}", "Requests that the gateway itself answered with a problem, by kind.");
    }

    public void RequestBegan() => Interlocked.Increment(ref _active);

    public void RequestEnded() => Interlocked.Decrement(ref _active);

    public void WebSocketOpened() => Interlocked.Increment(ref _webSockets);

    public void WebSocketClosed() => Interlocked.Decrement(ref _webSockets);

    public void Rejected(string kind) => _rejected.Add(1, new KeyValuePair<string, object?>("kind", kind));

    public void Dispose() => _meter.Dispose();
}
