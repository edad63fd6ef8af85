using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Output;

namespace Virga.Cli.Dags;

/// <summary><c>virga dag runs NAME [--run ID]</c>: the last runs of a DAG, or one of them step by step.</summary>
internal static class DagRunsCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The DAG");
        var run = new Option<string?>("--run") { Description = "Show this run, step by step", HelpName = "ID" };
        return factory.Make("runs", "List the last runs of a DAG, or show one", [name, run], async scope =>
        {
            if (scope.Get(run) is not { } id)
            {
                var runs = await scope.Client.GetDagPartAsync(scope.Get(name), "runs", scope.Cancellation);
                scope.Results.List(
                    runs["items"] as JsonArray ?? [],
                    $"No runs yet. Run it: virga dag invoke {scope.Get(name)}",
                    Column.At("RUN", "id"),
                    Column.At("STATUS", "status"),
                    Column.At("STARTED", "startedAt"),
                    Column.At("MS", "durationMs"),
                    Column.At("ATTEMPT", "attempt"),
                    new Column("STEPS", item => Steps(item)),
                    Column.At("PROBLEM", "problem.detail"));
                return ExitCode.Ok;
            }

            var shown = await scope.Client.GetDagPartAsync(scope.Get(name), "runs/" + Uri.EscapeDataString(id), scope.Cancellation);
            if (scope.Results.IsTable)
            {
                Print(scope, shown);
            }
            else
            {
                scope.Results.Document(shown);
            }

            return ExitCode.Ok;
        });
    }

    private static void Print(CommandScope scope, JsonObject run)
    {
        scope.Results.Members([
            ("Run", JsonPath.Text(run, "id")),
            ("DAG", $"{JsonPath.Text(run, "dag")}, version {JsonPath.Text(run, "version")}"),
            ("Status", JsonPath.Text(run, "status")),
            ("Started", JsonPath.Text(run, "startedAt")),
            ("Took", JsonPath.Text(run, "durationMs") + " ms"),
            ("Attempt", JsonPath.Text(run, "attempt")),
            ("Problem", JsonPath.Text(run, "problem.detail")),
            ("Output", run["output"]?.ToJsonString())]);
        scope.Terminal.Out.WriteLine();
        scope.Results.Rows(
            ["STEP", "FUNCTION", "STATUS", "NODE", "CALLS", "START MS", "MS"],
            (run["steps"] as JsonArray ?? []).OfType<JsonObject>().Select(step => new[]
            {
                JsonPath.Text(step, "name"), JsonPath.Text(step, "function"), JsonPath.Text(step, "status"), JsonPath.Text(step, "node"), JsonPath.Text(step, "attempts"), JsonPath.Text(step, "startMs"), JsonPath.Text(step, "durationMs"),
            }));
    }

    private static string Steps(JsonObject run)
    {
        var steps = (run["steps"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        return $"{steps.Count(step => JsonPath.Text(step, "status") == "succeeded")}/{steps.Count}";
    }
}
