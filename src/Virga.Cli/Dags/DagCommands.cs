using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Cli.Output;
using Virga.Cli.Yaml;

namespace Virga.Cli.Dags;

/// <summary>The commands about DAGs: <c>virga dag …</c>.</summary>
internal static class DagCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group(
        "dag",
        "Compose functions to graphs, run them and look at their runs",
        Create(factory),
        List(factory),
        GetDagCommand.Make(factory),
        InvokeDagCommand.Make(factory),
        DagRunsCommand.Make(factory),
        Graph(factory),
        Delete(factory));

    private static Command Create(CommandFactory factory)
    {
        var file = new Option<string>("--file", "-f") { Description = "The DAG, as YAML or JSON", HelpName = "FILE", Required = true };
        var name = CommandFactory.NameOption("--name", "What the DAG is called [the name in the file]");
        var replace = new Option<bool>("--replace") { Description = "Replace the DAG if there is one of that name" };
        return factory.Make("create", "Create a DAG from a file", [file, name, replace], async scope =>
        {
            var path = scope.Terminal.Resolve(scope.Get(file)!);
            if (!File.Exists(path))
            {
                throw new UsageException($"There is no file '{path}'.", "Name the file that describes the DAG with -f.");
            }

            var (given, spec) = DagFile.Read(YamlMapping.Parse(Path.GetFileName(path), await File.ReadAllTextAsync(path, scope.Cancellation)));
            var dag = scope.Get(name) ?? given ?? throw new UsageException($"The DAG in '{Path.GetFileName(path)}' has no name.", "Add `name:` to the file, or give --name.");
            var created = scope.Get(replace)
                ? await scope.Client.PutAsync(ResourceKind.Dag, dag, spec, scope.Cancellation)
                : await scope.Client.CreateAsync(ResourceKind.Dag, dag, spec, scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Results.Members([("DAG", dag.Value), ("Version", JsonPath.Text(created, "version")), ("URL", await UrlAsync(scope, created))]);
            }
            else
            {
                scope.Results.Document(created);
            }

            return ExitCode.Ok;
        });
    }

    private static Command List(CommandFactory factory) => factory.Make("list", "List the DAGs of the namespace", [], async scope =>
    {
        scope.Results.List(
            await scope.Client.ListAsync(ResourceKind.Dag, scope.Cancellation),
            "No DAGs yet. Create one: virga dag create -f dag.yaml",
            Column.At("NAME", "name"),
            Column.At("VERSION", "version"),
            new Column("NODES", item => Count(item, "spec.nodes")),
            new Column("EDGES", item => Count(item, "spec.edges")),
            Column.At("CONSISTENCY", "spec.consistency"),
            Column.At("URL", "status.url"),
            Column.At("MISSING", "status.missingFunctions"));
        return ExitCode.Ok;
    });

    private static Command Graph(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The DAG");
        var run = new Option<string?>("--run") { Description = "Draw this run, with the timings of its steps", HelpName = "ID" };
        var file = new Option<string?>("--file", "-f") { Description = "Where the picture goes [standard output]", HelpName = "FILE" };
        return factory.Make("graph", "Draw a DAG, or a run of it, as SVG", [name, run, file], async scope =>
        {
            var picture = await scope.Client.GetDagPictureAsync(scope.Get(name), scope.Get(run), scope.Cancellation);
            if (scope.Get(file) is not { } target)
            {
                await scope.Terminal.Out.WriteAsync(picture);
                return ExitCode.Ok;
            }

            var path = scope.Terminal.Resolve(target);
            await File.WriteAllTextAsync(path, picture, scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Note($"Drew {path}.");
            }
            else
            {
                scope.Results.Document(new JsonObject { ["file"] = path });
            }

            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The DAG");
        var cascade = new Option<bool>("--cascade") { Description = "Also delete the routes that call it" };
        return factory.Make("delete", "Delete a DAG", [name, cascade], async scope =>
        {
            await scope.Client.DeleteAsync(ResourceKind.Dag, scope.Get(name), scope.Get(cascade), scope.Cancellation);
            scope.Note($"Deleted the DAG {scope.Get(name)}.");
            return ExitCode.Ok;
        });
    }

    private static async Task<string> UrlAsync(CommandScope scope, JsonObject dag) => (await scope.GetGatewayAsync()).ToString().TrimEnd('/') + JsonPath.Text(dag, "status.url");

    private static string Count(JsonObject item, string path) => JsonPath.Find(item, path) is JsonArray list ? $"{list.Count}" : "0";
}
