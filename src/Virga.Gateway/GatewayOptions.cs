using System.Net;

namespace Virga.Gateway;

/// <summary>What the gateway listens on and what it lets clients do.</summary>
public sealed record GatewayOptions
{
    /// <summary>Where it listens; port 0 lets the system choose one.</summary>
    public IPEndPoint Endpoint { get; init; } = new(IPAddress.Loopback, 8080);

    /// <summary>Greatest request body, in bytes.</summary>
    public long MaxBodyBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Greatest WebSocket message from a client, in bytes.</summary>
    public int MaxMessageBytes { get; init; } = 256 * 1024;

    /// <summary>Greatest size of all request headers together, in bytes.</summary>
    public int MaxHeaderBytes { get; init; } = 32 * 1024;

    /// <summary>Greatest number of request headers.</summary>
    public int MaxHeaders { get; init; } = 100;

    /// <summary>Greatest number of connections at a time; null means no limit.</summary>
    public long? MaxConnections { get; init; } = 10_000;

    /// <summary>How long a client may take to send a request's headers.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection without a request is kept.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>The least speed at which a client may send a body, in bytes per second.</summary>
    public double MinBodyRate { get; init; } = 240;

    /// <summary>How long a body may stay below <see cref="MinBodyRate"/>; more than a second.</summary>
    public TimeSpan MinBodyRateGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often an idle WebSocket is pinged.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Certificate for HTTPS; null means plain HTTP. With one, HTTP/2 is agreed on by ALPN; without, a client begins HTTP/2 with its preface.</summary>
    public GatewayCertificate? Certificate { get; init; }
}
