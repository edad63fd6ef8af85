using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Virga.Cli.Failures;
using Virga.Cli.Output;

namespace Virga.Cli;

/// <summary><c>virga changes [--follow]</c>: the feed of changes, and of what the autoscaler decides.</summary>
internal static class ChangesCommand
{
    public static Command Make(CommandFactory factory)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on printing changes as they come, and what the autoscaler decides, until Ctrl-C" };
        var kind = CommandFactory.ChoiceOption("--kind", "Only changes of this kind", "function", "route", "environment", "package", "dag", "trigger", "stream", "scale");
        var since = CommandFactory.CountOption("--since", "Only changes after this sequence number [0]", 0);
        return factory.Make("changes", "Print what changes in the namespace", [follow, kind, since], async scope =>
        {
            if (scope.Get(kind) == "scale" && !scope.Get(follow))
            {
                throw new UsageException("What the autoscaler decides is not stored, so there is nothing to read.", "Add --follow to hear of it as it comes.");
            }

            var query = string.Create(CultureInfo.InvariantCulture, $"?follow={(scope.Get(follow) ? "true" : "false")}&since={scope.Get(since) ?? 0}")
                + (scope.Get(kind) is { } only ? $"&kind={only}" : "");
            await foreach (var change in scope.Client.ReadChangesAsync(query, scope.Cancellation))
            {
                Print(scope, change);
            }

            return ExitCode.Ok;
        });
    }

    private static void Print(CommandScope scope, JsonObject change)
    {
        if (!scope.Results.IsTable)
        {
            scope.Results.StreamItem(change);
            return;
        }

        var time = DateTimeOffset.TryParse(JsonPath.Text(change, "time"), CultureInfo.InvariantCulture, out var at) ? at.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture) : "";
        scope.Terminal.Console.MarkupLineInterpolated($"[grey]{time,-23}[/] {Describe(change)}");
    }

    private static string Describe(JsonObject change)
    {
        var kind = JsonPath.Text(change, "kind");
        if (kind != "scale")
        {
            return $"{kind} {JsonPath.Text(change, "name")} {JsonPath.Text(change, "change")}, version {JsonPath.Text(change, "version")}";
        }

        return JsonPath.Text(change, "lost") is { } lost
            ? $"scale: {lost} entries were left out, since they were read too slowly"
            : $"scale {JsonPath.Text(change, "name")}:{JsonPath.Text(change, "version")} {JsonPath.Text(change, "from")} → {JsonPath.Text(change, "to")} ({JsonPath.Text(change, "reason")})";
    }
}
