using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Resources;
using Virga.Gateway.Hosting;
using Virga.Gateway.Requests;
using Virga.Gateway.Routing;
using Virga.Gateway.Telemetry;

namespace Virga.Gateway;

/// <summary>HTTP in: finds the function that a request calls, invokes it and passes its answer on.</summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly GatewayMetrics _metrics = new();
    private readonly GatewayApplication _application;
    private readonly ServiceProvider _services;
    private readonly X509Certificate2? _certificate;
    private readonly KestrelServer _kestrel;

    /// <summary>Sets the gateway up; it listens from <see cref="StartAsync"/> on.</summary>
    /// <exception cref="GatewayStartException">The certificate cannot be used.</exception>
    public GatewayServer(IInvoker invoker, IFunctionCatalog catalog, RouteTable routes, TimeProvider time, ILoggerFactory loggers, GatewayOptions options, IDagInvoker? dags = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        _options = options;
        _certificate = options.Certificate?.Load();
        _services = KestrelServices.Build(loggers);
        _time = time;
        _logger = loggers.CreateLogger("Virga.Gateway");
        _application = new GatewayApplication(invoker, dags, new CallResolver(catalog, routes, dags), time, options, _metrics, _logger);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions { NoDelay = true }), loggers);
        var protocols = new ProtocolSplitter(transport, options.HeadersTimeout, time);
        _kestrel = new KestrelServer(Options.Create(KestrelOptions(protocols)), protocols, loggers);
    }

    /// <summary>Begins to listen; gives the address it listens on, with the port that the system chose where it was 0.</summary>
    /// <exception cref="GatewayStartException">It cannot listen there.</exception>
    public async Task<Uri> StartAsync(CancellationToken cancellation)
    {
        try
        {
            await _kestrel.StartAsync(_application, cancellation);
        }
        catch (IOException exception)
        {
            throw new GatewayStartException(
                $"The gateway cannot listen on {_options.Endpoint}: port {_options.Endpoint.Port} is in use. Stop the program that holds it, or choose another with --gateway HOST:PORT.",
                exception);
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            throw new GatewayStartException($"The gateway cannot listen on {_options.Endpoint}: {exception.Message}. Choose an address of this machine with --gateway HOST:PORT.", exception);
        }

        var address = new Uri(BoundAddress());
        GatewayLog.Listening(_logger, address.ToString());
        return address;
    }

    /// <summary>Stops accepting connections and waits for the requests in flight; what still runs after <paramref name="drainTimeout"/> is broken off.</summary>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        _application.BeginDraining();
        using var timeout = new CancellationTokenSource(drainTimeout, _time);
        await _kestrel.StopAsync(timeout.Token);
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _kestrel.Dispose();
        await _services.DisposeAsync();
        _certificate?.Dispose();
        _metrics.Dispose();
    }

    private string BoundAddress()
    {
        var addresses = _kestrel.Features.Get<IServerAddressesFeature>()?.Addresses ?? throw new InvalidOperationException("The server has no addresses.");
        foreach (var address in addresses)
        {
            if (address.StartsWith("http", StringComparison.Ordinal))
            {
                return address;
            }
        }

        throw new InvalidOperationException("The server has no HTTP address.");
    }

    private KestrelServerOptions KestrelOptions(ProtocolSplitter protocols)
    {
        var kestrel = new KestrelServerOptions
        {
            ApplicationServices = _services,
            AddServerHeader = false,
            AllowSynchronousIO = false,

            // Header values are text to functions; both ways it is UTF-8.
            RequestHeaderEncodingSelector = static _ => Encoding.UTF8,
            ResponseHeaderEncodingSelector = static _ => Encoding.UTF8,
        };
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = _options.MaxBodyBytes;
        limits.MaxRequestHeadersTotalSize = _options.MaxHeaderBytes;
        limits.MaxRequestHeaderCount = _options.MaxHeaders;
        limits.RequestHeadersTimeout = _options.HeadersTimeout;
        limits.KeepAliveTimeout = _options.KeepAliveTimeout;
        limits.MinRequestBodyDataRate = new MinDataRate(_options.MinBodyRate, _options.MinBodyRateGrace);
        limits.MaxConcurrentConnections = _options.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = _options.MaxConnections;
        if (_certificate is not null)
        {
            kestrel.Listen(_options.Endpoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = _certificate });
            });
            return kestrel;
        }

        protocols.Listen(kestrel, _options.Endpoint);
        return kestrel;
    }
}
