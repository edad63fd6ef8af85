using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Virga.Telemetry.Tracing;

/// <summary>Sends the spans of gateway and execution to a collector from the node's start to its stop, and those that wait when it stops.</summary>
internal sealed class TraceExport(TracingOptions options) : IHostedService, IDisposable
{
    private const int GrpcPort = 4317;
    private const int FlushMilliseconds = 5000;
    private static readonly string[] Sources = ["Virga.Gateway", "Virga.Execution", "Virga.Composition"];

    private TracerProvider? _provider;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _provider = Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(static resource => resource.AddService("virga"))
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.SampleRatio)))
            .AddSource(Sources)
            .AddOtlpExporter(Configure)
            .Build();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(() => _provider?.ForceFlush(FlushMilliseconds), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _provider?.Dispose();

    private void Configure(OtlpExporterOptions exporter)
    {
        var endpoint = options.OtlpEndpoint!;
        exporter.Protocol = endpoint.Port == GrpcPort ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        // Only the endpoint that comes from the environment gets its path added by the exporter.
        exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.Grpc ? endpoint : new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/v1/traces");
    }
}
