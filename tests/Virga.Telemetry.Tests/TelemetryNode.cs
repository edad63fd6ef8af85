using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Resources;
using Virga.Telemetry.Api;
using Virga.Telemetry.Logging;
using Virga.Telemetry.Metering;
using Virga.Telemetry.Tracing;

namespace Virga.Telemetry.Tests;

/// <summary>A web server on a free port that has telemetry and nothing else.</summary>
internal sealed class TelemetryNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TelemetryNode(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public IFunctionLog Log => _app.Services.GetRequiredService<IFunctionLog>();

    public IInvocationObserver Observer => _app.Services.GetRequiredService<IInvocationObserver>();

    public static async Task<TelemetryNode> StartAsync(TestData data, TracingOptions? tracing = null, IFunctionCatalog? functions = null, PriceSheet? prices = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.AddVirgaNodeLog(LogLevel.Warning);
        builder.Services.AddSingleton<TimeProvider>(data.Time);
        builder.Services.AddVirgaTelemetry(new TelemetryOptions { DataDirectory = data.Folder, Tracing = tracing ?? new TracingOptions(), Prices = prices });
        if (functions is not null)
        {
            builder.Services.AddSingleton(functions);
        }

        var app = builder.Build();
        app.MapVirgaTelemetry();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TelemetryNode(app);
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
