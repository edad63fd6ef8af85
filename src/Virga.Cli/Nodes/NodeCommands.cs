using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Output;

namespace Virga.Cli.Nodes;

/// <summary>The commands about the nodes of a cluster: <c>virga node …</c>.</summary>
internal static class NodeCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group("node", "See the nodes of the cluster", List(factory), Get(factory));

    private static Command List(CommandFactory factory) => factory.Make("list", "List the nodes", [], async scope =>
    {
        scope.Results.List(
            await scope.Client.ListNodesAsync(scope.Cancellation),
            "There is no node.",
            Column.At("NAME", "name"),
            Column.At("STATUS", "status"),
            new Column("LOAD", item => Percent(item)),
            Column.At("GATEWAY", "gateway"),
            Column.At("CONTROL API", "admin"),
            Column.At("LEASE (S)", "leaseSeconds"),
            Column.At("CLOCK (MS)", "clockOffsetMilliseconds"),
            Column.At("INCARNATION", "incarnation"),
            Column.At("VERSION", "version"));
        return ExitCode.Ok;
    });

    private static Command Get(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The node");
        return factory.Make("get", "Show a node", [name], async scope =>
        {
            scope.Results.Item(await scope.Client.GetNodeAsync(scope.Get(name), scope.Cancellation));
            return ExitCode.Ok;
        });
    }

    private static string? Percent(JsonNode? item) =>
        double.TryParse(JsonPath.Text(item, "load"), CultureInfo.InvariantCulture, out var load) ? string.Create(CultureInfo.InvariantCulture, $"{load:P0}") : null;
}
