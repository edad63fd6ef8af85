using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Telemetry.Logs;
using Virga.Telemetry.Metering;
using Virga.Telemetry.Metrics;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Api;

/// <summary>Maps what telemetry adds to the control API.</summary>
public static class TelemetryEndpoints
{
    private static readonly string[] Roots = ["/api/v1", "/api/v1/tenants/{tenant}/namespaces/{namespace}"];

    /// <summary>Maps logs, invocations, statistics and usage under <c>/api/v1</c>, each under its full and its short path, and <c>/metrics</c>.</summary>
    public static IEndpointRouteBuilder MapVirgaTelemetry(this IEndpointRouteBuilder endpoints)
    {
        var services = endpoints.ServiceProvider;
        var time = services.GetRequiredService<TimeProvider>();
        var logStore = services.GetRequiredService<FunctionLogStore>();
        var functions = new KnownFunctions(services.GetService<IFunctionCatalog>(), logStore);
        var logs = new LogEndpoints(functions, logStore, time, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        var usage = new UsageEndpoints(functions, services.GetRequiredService<UsageStore>(), logStore, time);
        var report = new UsageReportEndpoint(services.GetRequiredService<UsageMeter>(), time);
        var metrics = services.GetRequiredService<MetricsExporter>();
        foreach (var root in Roots)
        {
            endpoints.MapGet(root + "/functions/{name}/logs", ProblemGuard.Around(logs.GetAsync));
            endpoints.MapGet(root + "/functions/{name}/invocations", ProblemGuard.Around(usage.ListAsync));
            endpoints.MapGet(root + "/functions/{name}/stats", ProblemGuard.Around(usage.StatsAsync));
            endpoints.MapGet(root + "/usage", ProblemGuard.Around(report.GetAsync));
            endpoints.MapGet(root + "/invocations/{id}", ProblemGuard.Around(usage.GetAsync));
        }

        endpoints.MapGet("/metrics", ProblemGuard.Around(async http =>
        {
            http.Response.ContentType = PrometheusWriter.ContentType;
            await http.Response.WriteAsync(await metrics.ScrapeAsync(http.RequestAborted), http.RequestAborted);
        }));
        return endpoints;
    }
}
