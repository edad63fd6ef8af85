using System.Text.Json.Nodes;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class TopSpecifications : IAsyncLifetime
{
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ControlApi.StartAsync();
        _api.Activity = JsonNode.Parse("""
            {
              "time": "2030-01-01T00:00:00Z",
              "node": {
                "callsPerSecond": 12.5, "coldStartsPerSecond": 0.2, "inFlight": 3, "queued": 1, "memory": 104857600, "memoryBudget": 1073741824,
                "instances": { "starting": 1, "busy": 2, "idle": 3, "frozen": 40, "snapshots": 5 },
                "pools": [{ "command": "/usr/bin/node worker.mjs", "isolation": "Bubblewrap", "ready": 2, "target": 3 }]
              },
              "functions": [
                { "tenant": "default", "namespace": "default", "name": "quick", "callsPerSecond": 12, "errorsPerSecond": 0, "cpu": 0.1, "p50Ms": 1.2, "p99Ms": 3.4, "inFlight": 2, "queued": 1,
                  "instances": { "starting": 1, "busy": 2, "idle": 3, "frozen": 0, "snapshots": 0 }, "desired": 6, "scaleReason": "panic", "memory": 52428800 },
                { "tenant": "acme", "namespace": "shop", "name": "heavy", "callsPerSecond": 0.5, "errorsPerSecond": 0.1, "cpu": 0.9, "p50Ms": null, "p99Ms": null, "inFlight": 1, "queued": 0,
                  "instances": { "starting": 0, "busy": 0, "idle": 0, "frozen": 40, "snapshots": 5 }, "desired": 0, "scaleReason": "", "memory": 62914560 }
              ]
            }
            """)!.AsObject();
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_snapshot_says_what_node_and_functions_do()
    {
        var run = await RunAsync("top", "--once");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Out.ShouldContain("12.5 calls/s, 0.2 cold/s, 3 in flight, 1 queued");
        run.Out.ShouldContain("40 frozen, 5 snapshots; 100.0 MB of 1024.0 MB");
        run.Out.ShouldContain("node (bubblewrap) 2/3");
        run.Out.ShouldContain("acme/shop/heavy");
        run.Out.ShouldContain("panic");
        run.Out.ShouldContain("3.4 ms");
    }

    [Theory]
    [InlineData("calls", "quick")]
    [InlineData("p99", "quick")]
    [InlineData("cpu", "heavy")]
    [InlineData("memory", "heavy")]
    public async Task The_first_function_has_most_of_what_is_sorted_by(string order, string first)
    {
        var run = await RunAsync("top", "--once", "--sort", order, "--output", "json", "--limit", "1");

        JsonNode.Parse(run.Out)!["functions"]!.AsArray().ShouldHaveSingleItem()!["name"]!.ToString().ShouldBe(first);
    }

    [Fact]
    public async Task What_does_not_fit_is_counted()
    {
        var run = await RunAsync("top", "--once", "--limit", "1");

        run.Out.ShouldContain("and 1 more");
        run.Out.ShouldNotContain("heavy");
    }

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli("/", ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);
}
