using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;
using Virga.Cli.Client;
using Virga.Cli.Output;

namespace Virga.Cli.State;

/// <summary><c>virga state watch [PREFIX]</c>: prints changes as they come.</summary>
internal static class WatchCommand
{
    private const string Wait = "30s";

    public static Command Make(CommandFactory factory)
    {
        var prefix = StateCommands.PrefixArgument();
        var cursor = new Option<string?>("--cursor") { Description = "Go on after this cursor, which an earlier answer gave [from now on]", HelpName = "N" };
        return factory.Make("watch", "Print changes of keys until Ctrl-C", [prefix, cursor], async scope =>
        {
            var client = new StateClient(scope.Client);
            var next = scope.Get(cursor);
            if (next is null)
            {
                next = (await client.ChangesAsync(scope.Get(prefix), null, "0s", scope.Cancellation))["cursor"]?.ToString();
                scope.Note($"Watching from the cursor {next} on.");
            }

            while (true)
            {
                var changes = await client.ChangesAsync(scope.Get(prefix), next, Wait, scope.Cancellation);
                next = changes["cursor"]?.ToString();
                foreach (var change in (changes["items"]?.AsArray() ?? []).OfType<JsonObject>())
                {
                    Print(scope, change);
                }
            }
        });
    }

    private static void Print(CommandScope scope, JsonObject change)
    {
        if (!scope.Results.IsTable)
        {
            scope.Results.StreamItem(change);
            return;
        }

        var value = change["deleted"] is not null ? "deleted"
            : change.TryGetPropertyValue("value", out var shown) ? shown?.ToJsonString(Readable) ?? "null"
            : $"{change["size"]} bytes";
        scope.Terminal.Console.MarkupLineInterpolated($"{JsonPath.Text(change, "key")}  [grey]{JsonPath.Text(change, "kind") ?? ""}[/]  {value}");
    }

    private static readonly System.Text.Json.JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
