using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Cli.Output;
using Virga.Cli.Yaml;

namespace Virga.Cli.Streams;

/// <summary>The commands about stream functions: <c>virga stream …</c>.</summary>
internal static class StreamCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group(
        "stream",
        "Send topics through functions, by message, batch or window",
        Create(factory),
        List(factory),
        Get(factory),
        Stats(factory),
        Restart(factory),
        Delete(factory));

    private static Command Create(CommandFactory factory)
    {
        var name = CommandFactory.OptionalNameArgument("What the stream is called [the name in the file]");
        var file = new Option<string?>("--file", "-f") { Description = "The stream, as YAML or JSON, in place of the options below", HelpName = "FILE" };
        var replace = new Option<bool>("--replace") { Description = "Replace the stream if there is one of that name" };
        var options = new StreamSpecOptions();
        return factory.Make("create", "Create a stream function", [name, file, replace, .. options.All], async scope =>
        {
            var given = scope.Get(name);
            JsonObject spec;
            if (scope.Get(file) is { } source)
            {
                var path = scope.Terminal.Resolve(source);
                if (!File.Exists(path))
                {
                    throw new UsageException($"There is no file '{path}'.", "Name the file that describes the stream with -f.");
                }

                (var named, spec) = StreamFile.Read(YamlMapping.Parse(Path.GetFileName(path), await File.ReadAllTextAsync(path, scope.Cancellation)));
                given ??= named;
            }
            else
            {
                spec = options.Read(scope, given?.Value ?? "");
            }

            var stream = given ?? throw new UsageException("The stream has no name.", "Write it behind `create`, or add `name:` to the file.");
            var created = scope.Get(replace)
                ? await scope.Client.PutAsync(ResourceKind.Stream, stream, spec, scope.Cancellation)
                : await scope.Client.CreateAsync(ResourceKind.Stream, stream, spec, scope.Cancellation);
            Show(scope, created);
            return ExitCode.Ok;
        });
    }

    private static Command List(CommandFactory factory) => factory.Make("list", "List the stream functions of the namespace", [], async scope =>
    {
        scope.Results.List(
            await scope.Client.ListAsync(ResourceKind.Stream, scope.Cancellation),
            "No stream functions yet. Create one: virga stream create NAME --input TOPIC --function FUNCTION --output-topic TOPIC",
            Column.At("NAME", "name"),
            Column.At("VERSION", "version"),
            new Column("INPUTS", Inputs),
            Column.At("FUNCTION", "spec.function"),
            Column.At("OUTPUT", "spec.output"),
            Column.At("PROCESSING", "spec.processing"));
        return ExitCode.Ok;
    });

    private static Command Get(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The stream");
        return factory.Make("get", "Show a stream function", [name], async scope =>
        {
            var stream = await scope.Client.GetAsync(ResourceKind.Stream, scope.Get(name), scope.Cancellation);
            Show(scope, stream);
            return ExitCode.Ok;
        });
    }

    private static void Show(CommandScope scope, JsonObject stream)
    {
        if (!scope.Results.IsTable)
        {
            scope.Results.Document(stream);
            return;
        }

        scope.Results.Members([
            ("Stream", JsonPath.Text(stream, "name")),
            ("Version", JsonPath.Text(stream, "version")),
            ("Inputs", Inputs(stream)),
            ("Function", JsonPath.Text(stream, "spec.function") + (JsonPath.Text(stream, "status.isFunctionMissing") == "true" ? " (does not exist any more)" : "")),
            ("Output", JsonPath.Text(stream, "spec.output")),
            ("Processing", JsonPath.Text(stream, "spec.processing")),
            ("Parallelism", JsonPath.Text(stream, "spec.parallelism")),
            ("Batch", JsonPath.Text(stream, "spec.batch")),
            ("Window", Window(stream)),
            ("Retries", JsonPath.Text(stream, "spec.retries")),
            ("Dead letters", JsonPath.Text(stream, "spec.deadLetter") ?? $"{JsonPath.Text(stream, "name")}-dead"),
            ("Subscription", JsonPath.Text(stream, "status.subscription"))]);
    }

    private static Command Stats(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The stream");
        return factory.Make("stats", "Show how a stream function runs", [name], async scope =>
        {
            var stats = await scope.Client.GetStreamStatsAsync(scope.Get(name), scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(stats);
                return ExitCode.Ok;
            }

            scope.Results.Members([
                ("Stream", JsonPath.Text(stats, "name")),
                ("Received", JsonPath.Text(stats, "received")),
                ("Published", JsonPath.Text(stats, "published")),
                ("Failed", JsonPath.Text(stats, "failed")),
                ("Dead letters", JsonPath.Text(stats, "deadLettered")),
                ("Late", JsonPath.Text(stats, "late"))]);
            scope.Terminal.Out.WriteLine();
            scope.Results.Rows(
                ["PARTITION", "STATE", "BACKLOG", "IN WINDOWS", "WATERMARK", "PROBLEM"],
                (JsonPath.Find(stats, "lanes") as JsonArray ?? []).OfType<JsonObject>().Select(static lane => new[]
                {
                    JsonPath.Text(lane, "topic"), JsonPath.Text(lane, "state"), JsonPath.Text(lane, "backlog"), JsonPath.Text(lane, "held"), JsonPath.Text(lane, "watermark"), JsonPath.Text(lane, "problem"),
                }));
            return ExitCode.Ok;
        });
    }

    private static Command Restart(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The stream");
        return factory.Make("restart", "Stop a stream function and start it again where its acknowledgements stand", [name], async scope =>
        {
            await scope.Client.RestartStreamAsync(scope.Get(name), scope.Cancellation);
            scope.Note($"Restarted the stream {scope.Get(name)}.");
            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The stream");
        return factory.Make("delete", "Delete a stream function; its subscriptions keep their place", [name], async scope =>
        {
            await scope.Client.DeleteAsync(ResourceKind.Stream, scope.Get(name), false, scope.Cancellation);
            scope.Note($"Deleted the stream {scope.Get(name)}.");
            return ExitCode.Ok;
        });
    }

    private static string Inputs(JsonObject stream) => JsonPath.Text(stream, "spec.pattern") is { Length: > 0 } pattern
        ? pattern
        : string.Join(", ", (JsonPath.Find(stream, "spec.inputs") as JsonArray ?? []).Select(static topic => topic?.ToString()));

    private static string Window(JsonObject stream)
    {
        if (JsonPath.Find(stream, "spec.window") is not JsonObject window)
        {
            return "";
        }

        var (size, slide, count, every, gap) = (JsonPath.Text(window, "size"), JsonPath.Text(window, "slide"), JsonPath.Text(window, "count"), JsonPath.Text(window, "every"), JsonPath.Text(window, "gap"));
        return gap is not null ? $"sessions with a gap of {gap}"
            : count is not null ? $"{count} messages{(every is not null ? $", every {every}" : "")}"
            : $"{size}{(slide is not null ? $", every {slide}" : "")}";
    }
}
