using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Virga.Telemetry.Tracing;

namespace Virga.Telemetry.Tests;

public sealed class TracingTests
{
    [Fact]
    public async Task Spans_reach_the_collector_at_the_latest_when_the_node_stops()
    {
        using var data = new TestData();
        using var received = new MemoryStream();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var collector = builder.Build();
        collector.MapPost("/v1/traces", async (HttpContext http) => await http.Request.Body.CopyToAsync(received));
        await collector.StartAsync(TestContext.Current.CancellationToken);

        using var source = new ActivitySource("Virga.Gateway");
        await using (await TelemetryNode.StartAsync(data, new TracingOptions { OtlpEndpoint = new Uri(collector.Urls.Single()) }))
        {
            using var span = source.StartActivity("GET /users/{id}");
            span.ShouldNotBeNull();
        }

        Encoding.UTF8.GetString(received.ToArray()).ShouldContain("GET /users/{id}");
    }
}
