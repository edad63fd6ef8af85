using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;

namespace Virga.Cli.Usage;

/// <summary><c>virga usage</c>: what functions used, and what it costs.</summary>
internal static class UsageCommand
{
    public static Command Make(CommandFactory factory)
    {
        var by = CommandFactory.ChoiceOption("--by", "What a line stands for [function]", "function", "version", "hour");
        var since = new Option<string?>("--since") { Description = "From this long ago on, or from this time on [24h]; whole hours are counted", HelpName = "24h|TIME" };
        var until = new Option<string?>("--until") { Description = "Up to this long ago, or up to this time [now]", HelpName = "1h|TIME" };
        var function = CommandFactory.NameOption("--function", "Of this function only");
        return factory.Make("usage", "Show what functions used, and what it costs; --output csv for spreadsheets", [by, since, until, function], RunAsync, hasCsv: true);

        async Task<int> RunAsync(CommandScope scope)
        {
            var query = QueryText.Of(
                ("by", scope.Get(by)),
                ("since", scope.Get(since)),
                ("until", scope.Get(until)),
                ("function", scope.Has(function) ? scope.Get(function)?.Value : null),
                ("format", scope.Results.IsCsv ? "csv" : null));
            if (scope.Results.IsCsv)
            {
                await scope.Terminal.Out.WriteAsync(await scope.Client.GetUsageCsvAsync(query, scope.Cancellation));
                return ExitCode.Ok;
            }

            Print(scope, await scope.Client.GetUsageAsync(query, scope.Cancellation));
            return ExitCode.Ok;
        }
    }

    private static void Print(CommandScope scope, JsonObject report)
    {
        var items = report["items"]?.AsArray() ?? [];
        if (!scope.Results.IsTable)
        {
            scope.Results.Document(report);
        }
        else if (items.Count == 0)
        {
            scope.Note($"Nothing was used from {report["since"]} to {report["until"]}.");
        }
        else
        {
            var table = new UsageTable(report["by"]?.ToString() ?? "function", report["currency"]?.ToString());
            scope.Results.Rows(table.Titles, [.. items.OfType<JsonObject>().Select(table.Row), table.Total(report["total"]!.AsObject())]);
        }
    }
}
