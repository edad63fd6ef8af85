using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Output;
using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn stats NAME</c>: calls, outcomes and latencies.</summary>
internal static class StatsCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("stats", "Show a function's calls, outcomes and latencies", [name], async scope =>
        {
            var stats = await scope.Client.GetFunctionPartAsync(scope.Get(name), "stats", scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(stats);
                return ExitCode.Ok;
            }

            scope.Results.Members(
            [
                ("Calls", JsonPath.Text(stats, "calls")),
                ("Errors", JsonPath.Text(stats, "errors")),
                ("Outcomes", JsonPath.Text(stats, "byOutcome")),
                ("Cold starts", JsonPath.Text(stats, "coldStarts")),
                ("p50", Milliseconds(stats, "latency.p50")),
                ("p90", Milliseconds(stats, "latency.p90")),
                ("p99", Milliseconds(stats, "latency.p99")),
                ("max", Milliseconds(stats, "latency.max")),
                ("CPU time", Milliseconds(stats, "cpuMs")),
                ("Bytes in", Size(stats, "bytesIn")),
                ("Bytes out", Size(stats, "bytesOut")),
                ("Since", JsonPath.Text(stats, "since")),
            ]);
            return ExitCode.Ok;
        });
    }

    private static string? Milliseconds(JsonObject stats, string path) => Number(stats, path) is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number:0.###} ms") : null;

    private static string? Size(JsonObject stats, string path) => Number(stats, path) is { } number ? new ByteSize((long)number).ToString() : null;

    private static double? Number(JsonObject stats, string path) =>
        double.TryParse(JsonPath.Text(stats, path), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
