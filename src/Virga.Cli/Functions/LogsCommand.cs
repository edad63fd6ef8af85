using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;
using Virga.Cli.Client;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn logs NAME [--follow]</c>.</summary>
internal static class LogsCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on printing lines as they come, until Ctrl-C" };
        var invocation = new Option<string?>("--invocation") { Description = "Only the lines of this call", HelpName = "ID" };
        var level = CommandFactory.ChoiceOption("--level", "Only lines of this level and above", "debug", "info", "warn", "error");
        var since = new Option<string?>("--since") { Description = "Only lines from this long ago, or from this time on", HelpName = "15m|TIME" };
        var contains = new Option<string?>("--contains") { Description = "Only lines with this text", HelpName = "TEXT" };
        var limit = CommandFactory.CountOption("--limit", "At most so many lines, the newest [200]", 1);
        return factory.Make("logs", "Print what a function logged", [name, follow, invocation, level, since, contains, limit], async scope =>
        {
            var query = QueryText.Of(
                ("follow", scope.Get(follow) ? "true" : null),
                ("invocation", scope.Get(invocation)),
                ("level", scope.Get(level)),
                ("since", scope.Get(since)),
                ("contains", scope.Get(contains)),
                ("limit", scope.Get(limit)?.ToString()));
            await foreach (var line in scope.Client.ReadLogsAsync(scope.Get(name), query, scope.Cancellation))
            {
                Print(scope, line);
            }

            return ExitCode.Ok;
        });
    }

    /// <summary>Prints one log line: time, level, message and a structured logger's fields.</summary>
    public static void Print(CommandScope scope, JsonObject line)
    {
        if (!scope.Results.IsTable)
        {
            scope.Results.StreamItem(line);
            return;
        }

        var time = DateTimeOffset.TryParse(JsonPath.Text(line, "time"), out var at) ? at.ToLocalTime().ToString("HH:mm:ss.fff") : "";
        var level = JsonPath.Text(line, "level") ?? "info";
        var colour = level switch { "error" => "red", "warn" => "yellow", "debug" => "grey", _ => "default" };
        var fields = line["fields"] is { } map ? "  " + JsonPath.Text(map) : "";
        scope.Terminal.Console.MarkupLineInterpolated($"[grey]{time}[/] [{colour}]{level,-5}[/] {JsonPath.Text(line, "message") ?? ""}[grey]{fields}[/]");
    }
}
