using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Output;

namespace Virga.Cli.Triggers;

/// <summary>The commands about triggers: <c>virga trigger …</c>.</summary>
internal static class TriggerCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group(
        "trigger",
        "Have messages of topics call functions, and see how they fare",
        CreateTriggerCommand.Make(factory),
        List(factory),
        Get(factory),
        Stats(factory),
        Delete(factory));

    private static Command List(CommandFactory factory) => factory.Make("list", "List the triggers of the namespace", [], async scope =>
    {
        scope.Results.List(
            await scope.Client.ListAsync(ResourceKind.Trigger, scope.Cancellation),
            "No triggers yet. Create one: virga trigger create NAME --topic TOPIC --function FUNCTION",
            Column.At("NAME", "name"),
            Column.At("VERSION", "version"),
            new Column("TOPICS", Topics),
            Column.At("SUBSCRIPTION", "status.subscription"),
            Column.At("TYPE", "spec.source.topic.type"),
            Column.At("FUNCTION", "spec.function"),
            Column.At("BATCH", "spec.batch.maxMessages"),
            Column.At("OUTPUT", "spec.output"));
        return ExitCode.Ok;
    });

    private static Command Get(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The trigger");
        return factory.Make("get", "Show a trigger", [name], async scope =>
        {
            var trigger = await scope.Client.GetAsync(ResourceKind.Trigger, scope.Get(name), scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(trigger);
                return ExitCode.Ok;
            }

            scope.Results.Members([
                ("Trigger", JsonPath.Text(trigger, "name")),
                ("Version", JsonPath.Text(trigger, "version")),
                ("Topics", Topics(trigger)),
                ("Subscription", JsonPath.Text(trigger, "status.subscription")),
                ("Type", JsonPath.Text(trigger, "spec.source.topic.type")),
                ("From", JsonPath.Text(trigger, "spec.source.topic.from")),
                ("Function", JsonPath.Text(trigger, "spec.function") + (JsonPath.Text(trigger, "status.missingFunction") == "true" ? ", which does not exist" : "")),
                ("Batch", $"{JsonPath.Text(trigger, "spec.batch.maxMessages")} messages, {JsonPath.Text(trigger, "spec.batch.maxBytes")}, {JsonPath.Text(trigger, "spec.batch.maxWait")}"),
                ("Concurrency", JsonPath.Text(trigger, "spec.concurrency") ?? "as many as the function's instances can have"),
                ("Attempts", JsonPath.Text(trigger, "spec.retry.attempts")),
                ("Backoff", $"{JsonPath.Text(trigger, "spec.retry.backoff.initial")} to {JsonPath.Text(trigger, "spec.retry.backoff.max")}, times {JsonPath.Text(trigger, "spec.retry.backoff.factor")}"),
                ("Dead letters", JsonPath.Text(trigger, "spec.deadLetter") ?? $"TOPIC-{JsonPath.Text(trigger, "status.subscription")}-DLQ"),
                ("Ack timeout", JsonPath.Text(trigger, "spec.ackTimeout")),
                ("Output", JsonPath.Text(trigger, "spec.output"))]);
            return ExitCode.Ok;
        });
    }

    private static Command Stats(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The trigger");
        return factory.Make("stats", "Show how a trigger fares, on all nodes together", [name], async scope =>
        {
            var stats = await scope.Client.GetTriggerStatsAsync(scope.Get(name), scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(stats);
                return ExitCode.Ok;
            }

            scope.Results.Members([
                ("Trigger", JsonPath.Text(stats, "name")),
                ("State", JsonPath.Text(stats, "state")),
                ("Problem", JsonPath.Text(stats, "problem")),
                ("Topics", JsonPath.Text(stats, "topics")),
                ("Backlog", JsonPath.Text(stats, "backlog")),
                ("Messages taken", $"{JsonPath.Text(stats, "held")}, of which {JsonPath.Text(stats, "retrying")} wait to be tried again"),
                ("Calls", $"{JsonPath.Text(stats, "inFlight")} now, {JsonPath.Text(stats, "concurrency")} allowed now, {JsonPath.Text(stats, "calls")} in all"),
                ("Handled", JsonPath.Text(stats, "handled")),
                ("Failed attempts", JsonPath.Text(stats, "failures")),
                ("Held back", JsonPath.Text(stats, "rejections")),
                ("Dead letters", JsonPath.Text(stats, "deadLetters")),
                ("Last failure", JsonPath.Text(stats, "lastFailure")),
                ("Nodes", string.Join(", ", ((stats["nodes"] as JsonArray) ?? []).OfType<JsonObject>().Select(static node => $"{JsonPath.Text(node, "node")} ({JsonPath.Text(node, "state")}, {JsonPath.Text(node, "handled")} handled)"))),
                ("Not reached", JsonPath.Text(stats, "unreachable"))]);
            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The trigger");
        return factory.Make("delete", "Delete a trigger; its subscription stays", [name], async scope =>
        {
            await scope.Client.DeleteAsync(ResourceKind.Trigger, scope.Get(name), cascade: false, scope.Cancellation);
            scope.Note($"Deleted the trigger {scope.Get(name)}. Its subscription keeps what it had not handled.");
            return ExitCode.Ok;
        });
    }

    private static string Topics(JsonObject trigger) =>
        JsonPath.Text(trigger, "spec.source.topic.pattern") is { } pattern ? $"/{pattern}/" : JsonPath.Text(trigger, "spec.source.topic.topics") ?? "";
}
