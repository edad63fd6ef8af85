using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Spectre.Console.Rendering;
using Virga.Cli.Output;

namespace Virga.Cli.Top;

/// <summary>Draws what a node's functions do: a line about the node, and a row for each function.</summary>
internal static class TopView
{
    private static readonly (string Title, bool IsNumber, Func<JsonObject, string> Value)[] Columns =
    [
        ("FUNCTION", false, Name),
        ("CALLS/S", true, function => Rate(function, "callsPerSecond")),
        ("ERR/S", true, function => Rate(function, "errorsPerSecond")),
        ("P50", true, function => Milliseconds(function, "p50Ms")),
        ("P99", true, function => Milliseconds(function, "p99Ms")),
        ("CPU", true, function => Number(function, "cpu").ToString("0.00", CultureInfo.InvariantCulture)),
        ("MEMORY", true, function => Size(Number(function, "memory"))),
        ("FLIGHT", true, function => Count(function, "inFlight")),
        ("QUEUE", true, function => Count(function, "queued")),
        ("START", true, function => Count(function, "instances.starting")),
        ("BUSY", true, function => Count(function, "instances.busy")),
        ("IDLE", true, function => Count(function, "instances.idle")),
        ("FROZEN", true, function => Count(function, "instances.frozen")),
        ("SNAP", true, function => Count(function, "instances.snapshots")),
        ("WANT", true, function => Count(function, "desired")),
        ("WHY", false, function => JsonPath.Text(function, "scaleReason") ?? ""),
    ];

    /// <summary>The functions in the order that was asked for, the greatest first.</summary>
    public static IReadOnlyList<JsonObject> Sort(JsonObject activity, TopOrder order)
    {
        var member = order switch
        {
            TopOrder.Cpu => "cpu",
            TopOrder.Memory => "memory",
            TopOrder.P99 => "p99Ms",
            _ => "callsPerSecond",
        };
        return [.. (activity["functions"]?.AsArray() ?? []).OfType<JsonObject>().OrderByDescending(function => Number(function, member)).ThenBy(Name, StringComparer.Ordinal)];
    }

    /// <summary>The whole picture, with at most <paramref name="limit"/> functions.</summary>
    public static IRenderable Draw(JsonObject activity, TopOrder order, int limit)
    {
        var functions = Sort(activity, order);
        var table = new Table().NoBorder();
        foreach (var (title, isNumber, _) in Columns)
        {
            var column = new TableColumn(new Text(title, new Style(Color.Grey))).NoWrap().PadLeft(0).PadRight(2);
            table.AddColumn(isNumber ? column.RightAligned() : column);
        }

        foreach (var function in functions.Take(limit))
        {
            table.AddRow(Columns.Select(column => new Text(column.Value(function))));
        }

        var more = functions.Count > limit ? $"and {functions.Count - limit} more; see them with --limit" : functions.Count == 0 ? "No function has an instance or was called within the last minute." : "";
        return new Rows(new Text(NodeLine(activity)), new Text(PoolLine(activity), new Style(Color.Grey)), Text.Empty, table, new Text(more, new Style(Color.Grey)));
    }

    private static string NodeLine(JsonObject activity)
    {
        var memory = Size(Number(activity, "node.memory")) + (JsonPath.Text(activity, "node.memoryBudget") is null ? "" : $" of {Size(Number(activity, "node.memoryBudget"))}");
        return $"{Rate(activity, "node.callsPerSecond")} calls/s, {Rate(activity, "node.coldStartsPerSecond")} cold/s, {Count(activity, "node.inFlight")} in flight, {Count(activity, "node.queued")} queued; "
            + $"instances: {Count(activity, "node.instances.starting")} starting, {Count(activity, "node.instances.busy")} busy, {Count(activity, "node.instances.idle")} idle, "
            + $"{Count(activity, "node.instances.frozen")} frozen, {Count(activity, "node.instances.snapshots")} snapshots; {memory}";
    }

    private static string PoolLine(JsonObject activity)
    {
        var pools = activity["node"]?["pools"]?.AsArray().OfType<JsonObject>().ToList() ?? [];
        return pools.Count == 0 ? "no pools" : "pools: " + string.Join(
            ", ",
            pools.Select(pool => $"{Path.GetFileName((JsonPath.Text(pool, "command") ?? "").Split(' ')[0])} ({JsonPath.Text(pool, "isolation")?.ToLowerInvariant()}) {Count(pool, "ready")}/{Count(pool, "target")}"));
    }

    private static string Name(JsonObject function)
    {
        var (tenant, @namespace, name) = (JsonPath.Text(function, "tenant"), JsonPath.Text(function, "namespace"), JsonPath.Text(function, "name") ?? "");
        return (tenant, @namespace) is ("default", "default") ? name : $"{tenant}/{@namespace}/{name}";
    }

    private static string Rate(JsonObject item, string path) => Number(item, path).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Count(JsonObject item, string path) => Number(item, path).ToString("0", CultureInfo.InvariantCulture);

    private static string Milliseconds(JsonObject item, string path) =>
        JsonPath.Text(item, path) is null ? "-" : Number(item, path).ToString("0.0", CultureInfo.InvariantCulture) + " ms";

    private static string Size(double bytes) => (bytes / (1 << 20)).ToString("0.0", CultureInfo.InvariantCulture) + " MB";

    private static double Number(JsonObject item, string path) =>
        double.TryParse(JsonPath.Text(item, path), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
