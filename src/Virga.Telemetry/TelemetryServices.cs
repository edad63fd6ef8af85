using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Telemetry.Logs;
using Virga.Telemetry.Metering;
using Virga.Telemetry.Metrics;
using Virga.Telemetry.Tracing;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry;

/// <summary>Registers the node's telemetry.</summary>
public static class TelemetryServices
{
    /// <summary>
    /// Adds <see cref="IFunctionLog"/>, <see cref="IInvocationObserver"/>, <see cref="IResidencyObserver"/>, the metrics, and the export of traces if there is an endpoint for it. Logs and records
    /// that wait are written when the container is disposed.
    /// </summary>
    public static IServiceCollection AddVirgaTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new FunctionLogStore(
            new FunctionLogOptions { Directory = Path.Combine(options.DataDirectory, "logs") },
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<FunctionLogStore>>()));
        services.AddSingleton<IFunctionLog>(static provider => provider.GetRequiredService<FunctionLogStore>());
        services.AddSingleton(provider => new UsageStore(
            new UsageOptions { Directory = Path.Combine(options.DataDirectory, "usage") },
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<UsageStore>>()));
        services.AddSingleton(provider => new UsageMeter(
            new MeteringOptions { Directory = Path.Combine(options.DataDirectory, "metering"), Prices = options.Prices },
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<UsageMeter>>()));
        services.AddSingleton<IResidencyObserver>(static provider => provider.GetRequiredService<UsageMeter>());
        // Metered first: that survives a kill at any time, a record some milliseconds later only.
        services.AddSingleton<IInvocationObserver>(static provider => new InvocationObservers(provider.GetRequiredService<UsageMeter>(), provider.GetRequiredService<UsageStore>()));
        services.AddSingleton(static provider => new MetricsExporter(
            provider.GetRequiredService<UsageStore>(),
            provider.GetRequiredService<UsageMeter>(),
            provider.GetRequiredService<FunctionLogStore>()));
        if (options.Tracing.OtlpEndpoint is not null)
        {
            AddTraceExport(services, options.Tracing);
        }

        return services;
    }

    // Kept apart so that nothing of OpenTelemetry is loaded unless it is used.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddTraceExport(IServiceCollection services, TracingOptions options) =>
        services.AddSingleton<IHostedService>(_ => new TraceExport(options));
}
