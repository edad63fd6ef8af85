using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Spectre.Console;
using Spectre.Console.Rendering;
using Virga.Cli.Output;

namespace Virga.Cli.Topics;

/// <summary>Draws what goes through a topic: totals, a timeline of the last minute, a row for each subscription.</summary>
internal static class TopicStatsView
{
    /// <summary>How many looks the timeline shows.</summary>
    public const int Timeline = 60;

    private const string Bars = " ▁▂▃▄▅▆▇█";

    /// <summary>The whole picture.</summary>
    /// <param name="stats">The newest look.</param>
    /// <param name="history">The rates of the last looks, the oldest first; empty for a single look.</param>
    public static IRenderable Draw(JsonObject stats, IReadOnlyList<TopicRates> history)
    {
        List<IRenderable> rows = [new Text(Head(stats)), new Text(Totals(stats), new Style(Color.Grey))];
        if (history is [.., var now])
        {
            rows.Add(Text.Empty);
            rows.Add(new Text($"in       {Spark(history, static rates => rates.In)} {Rate(now.In)}/s, {Size(now.BytesIn)}/s"));
            rows.Add(new Text($"out      {Spark(history, static rates => rates.AllOut)} {Rate(now.AllOut)}/s"));
            rows.Add(new Text($"backlog  {Spark(history, static rates => rates.Backlog)} {Count(now.Backlog)}"));
        }

        rows.Add(Text.Empty);
        rows.Add(Table(stats, history is [.., var last] ? last : null));
        foreach (var cluster in (stats["replication"] as JsonArray ?? []).OfType<JsonObject>())
        {
            rows.Add(new Text(Replication(cluster)));
        }

        return new Rows(rows);
    }

    /// <summary>One look on one line, for where there is no terminal.</summary>
    public static string Line(JsonObject stats, TopicRates? rates)
    {
        var line = new StringBuilder(JsonPath.Text(stats, "time") ?? "");
        line.Append(CultureInfo.InvariantCulture, $"  in {Rate(rates?.In ?? 0)}/s  out {Rate(rates?.AllOut ?? 0)}/s");
        foreach (var subscription in TopicRates.Subscriptions(stats))
        {
            line.Append(CultureInfo.InvariantCulture, $"  {JsonPath.Text(subscription, "name")}: backlog {Count(TopicRates.Number(subscription, "backlog"))}");
        }

        return line.ToString();
    }

    /// <summary>Bars for the values, the highest of them as high as there is room; what lies further back than there are values is left blank.</summary>
    public static string Spark(IReadOnlyList<TopicRates> history, Func<TopicRates, double> value)
    {
        var most = history.Max(value);
        var bars = new StringBuilder(Timeline);
        bars.Append(' ', Timeline - Math.Min(Timeline, history.Count));
        foreach (var rates in history.TakeLast(Timeline))
        {
            bars.Append(Bars[most <= 0 || value(rates) <= 0 ? 0 : Math.Max(1, (int)Math.Round(value(rates) / most * (Bars.Length - 1)))]);
        }

        return bars.ToString();
    }

    private static Table Table(JsonObject stats, TopicRates? rates)
    {
        var table = new Table().NoBorder();
        foreach (var title in (string[])["SUBSCRIPTION", "TYPE", "CONSUMERS", "BACKLOG", "UNACKED", "DELAYED", "OUT/S", "OUT", "REDELIVERED"])
        {
            var column = new TableColumn(new Text(title, new Style(Color.Grey))).NoWrap().PadLeft(0).PadRight(2);
            table.AddColumn(title is "SUBSCRIPTION" or "TYPE" ? column : column.RightAligned());
        }

        foreach (var item in TopicRates.Subscriptions(stats))
        {
            var name = JsonPath.Text(item, "name") ?? "";
            table.AddRow(
                new Text(name),
                new Text(JsonPath.Text(item, "type") ?? "-"),
                new Text(Count((item["consumers"] as JsonArray)?.Count ?? 0)),
                new Text(Count(TopicRates.Number(item, "backlog"))),
                new Text(Count(TopicRates.Number(item, "unacknowledged"))),
                new Text(Count(TopicRates.Number(item, "delayed"))),
                new Text(rates is null ? "-" : Rate(rates.Out.GetValueOrDefault(name))),
                new Text(Count(TopicRates.Number(item, "messages"))),
                new Text(Count(TopicRates.Number(item, "redelivered"))));
        }

        return table;
    }

    private static string Head(JsonObject stats)
    {
        var partitions = TopicRates.Number(stats, "partitions");
        return $"{JsonPath.Text(stats, "topic")}{(partitions > 0 ? $", {Counted(partitions, "partition")}" : "")}{(JsonPath.Text(stats, "isTerminated") == "true" ? ", ended" : "")}";
    }

    private static string Totals(JsonObject stats) =>
        $"{Counted(TopicRates.Number(stats, "messagesIn"), "message")} in ({Size(TopicRates.Number(stats, "bytesIn"))}), {Counted((stats["producers"] as JsonArray)?.Count ?? 0, "producer")}, {Size(TopicRates.Number(stats, "storageBytes"))} stored";

    private static string Replication(JsonObject cluster) =>
        $"to {JsonPath.Text(cluster, "cluster")}: backlog {Count(TopicRates.Number(cluster, "backlog"))}, {Rate(TopicRates.Number(cluster, "messageRate"))}/s{(JsonPath.Text(cluster, "problem") is { } problem ? $", {problem}" : "")}";

    private static string Rate(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Count(double value) => value.ToString("0", CultureInfo.InvariantCulture);

    private static string Counted(double value, string what) => Count(value) is var count && count == "1" ? $"1 {what}" : $"{count} {what}s";

    private static string Size(double bytes) => bytes < 1 << 20 ? (bytes / 1024).ToString("0.0", CultureInfo.InvariantCulture) + " KB" : (bytes / (1 << 20)).ToString("0.0", CultureInfo.InvariantCulture) + " MB";
}
