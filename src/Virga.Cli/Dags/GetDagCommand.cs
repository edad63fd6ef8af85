using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Output;
using Virga.Core.Names;

namespace Virga.Cli.Dags;

/// <summary><c>virga dag get NAME [--watch]</c>: a DAG, and with <c>--watch</c> its runs as they go on.</summary>
internal static class GetDagCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The DAG");
        var watch = new Option<bool>("--watch", "-w") { Description = "Go on printing what its runs do, step by step, until Ctrl-C" };
        return factory.Make("get", "Show a DAG, or watch its runs", [name, watch], async scope =>
        {
            var dag = await scope.Client.GetAsync(ResourceKind.Dag, scope.Get(name), scope.Cancellation);
            if (scope.Get(watch))
            {
                await WatchAsync(scope, scope.Get(name));
                return ExitCode.Ok;
            }

            if (!scope.Results.IsTable)
            {
                scope.Results.Document(dag);
                return ExitCode.Ok;
            }

            Print(scope, dag);
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandScope scope, JsonObject dag)
    {
        scope.Results.Members([
            ("DAG", JsonPath.Text(dag, "name")),
            ("Version", JsonPath.Text(dag, "version")),
            ("Consistency", JsonPath.Text(dag, "spec.consistency")),
            ("Timeout", JsonPath.Text(dag, "spec.timeout")),
            ("Retries", JsonPath.Text(dag, "spec.retries")),
            ("Placement", JsonPath.Text(dag, "spec.placement")),
            ("Output", JsonPath.Text(dag, "spec.output")),
            ("URL", JsonPath.Text(dag, "status.url")),
            ("Missing functions", JsonPath.Text(dag, "status.missingFunctions"))]);
        scope.Terminal.Out.WriteLine();
        var edges = (JsonPath.Find(dag, "spec.edges") as JsonArray ?? []).OfType<JsonObject>().ToList();
        scope.Results.Rows(
            ["NODE", "FUNCTION", "GOES TO", "REFERENCES"],
            (JsonPath.Find(dag, "spec.nodes") as JsonArray ?? []).OfType<JsonObject>().Select(node => new[]
            {
                JsonPath.Text(node, "name"),
                JsonPath.Text(node, "function"),
                string.Join(", ", edges.Where(edge => JsonPath.Text(edge, "from") == JsonPath.Text(node, "name")).Select(edge => JsonPath.Text(edge, "to") + (edge["when"] is null ? "" : "?"))),
                JsonPath.Text(node, "references"),
            }));
    }

    // A change of a run, or of a step of it, is printed once: one line for a person, one JSON object for a program.
    private static async Task WatchAsync(CommandScope scope, ResourceName name)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        using var timer = new PeriodicTimer(Interval, scope.Terminal.Time);
        try
        {
            do
            {
                var runs = await scope.Client.GetDagPartAsync(name, "runs", scope.Cancellation);
                foreach (var run in (runs["items"] as JsonArray ?? []).OfType<JsonObject>().Reverse())
                {
                    Show(scope, run, seen);
                }
            }
            while (await timer.WaitForNextTickAsync(scope.Cancellation));
        }
        catch (OperationCanceledException) when (scope.Cancellation.IsCancellationRequested)
        {
            // Ctrl-C is how a watch ends.
        }
    }

    private static void Show(CommandScope scope, JsonObject run, Dictionary<string, string> seen)
    {
        var id = JsonPath.Text(run, "id")!;
        foreach (var step in (run["steps"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var (name, status) = (JsonPath.Text(step, "name"), JsonPath.Text(step, "status")!);
            if (status != "waiting" && IsNew(seen, $"{id}/{JsonPath.Text(run, "attempt")}/{name}", status))
            {
                Print(scope, id, $"  {name,-20} {status,-10} {JsonPath.Text(step, "durationMs") ?? "",9} {JsonPath.Text(step, "node")}", new JsonObject { ["run"] = id, ["attempt"] = run["attempt"]?.DeepClone(), ["step"] = step.DeepClone() });
            }
        }

        var whole = JsonPath.Text(run, "status")!;
        if (IsNew(seen, id, whole))
        {
            var line = whole == "running" || whole == "accepted" ? $"run {whole}" : $"run {whole} after {JsonPath.Text(run, "durationMs")} ms{(JsonPath.Text(run, "problem.detail") is { } detail ? ": " + detail : "")}";
            Print(scope, id, line, run.DeepClone().AsObject());
        }
    }

    private static bool IsNew(Dictionary<string, string> seen, string key, string status)
    {
        if (seen.TryGetValue(key, out var before) && before == status)
        {
            return false;
        }

        seen[key] = status;
        return true;
    }

    private static void Print(CommandScope scope, string run, string line, JsonObject item)
    {
        if (scope.Results.IsTable)
        {
            scope.Terminal.Out.WriteLine($"{run} {line}");
            scope.Terminal.Out.Flush();
        }
        else
        {
            scope.Results.StreamItem(item);
        }
    }
}
