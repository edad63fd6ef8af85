using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Output;

namespace Virga.Cli.Usage;

/// <summary>A usage report for people: seconds, gigabytes of 1,073,741,824 bytes; what is zero is left out.</summary>
internal sealed class UsageTable(string by, string? currency)
{
    private const decimal Gigabyte = 1L << 30;
    private const decimal Megabyte = 1L << 20;
    private const decimal MillisecondsPerSecond = 1000;
    private const decimal SecondsPerHour = 3600;

    private static readonly (string Title, string Member, decimal Unit, string Format)[] Amounts =
    [
        ("CALLS", "calls", 1, "0"),
        ("ERRORS", "errors", 1, "0"),
        ("REJECTED", "rejected", 1, "0"),
        ("TIME s", "durationMs", MillisecondsPerSecond, "0.000"),
        ("CPU s", "cpuMs", MillisecondsPerSecond, "0.000"),
        ("IN MB", "bytesIn", Megabyte, "0.###"),
        ("OUT MB", "bytesOut", Megabyte, "0.###"),
        ("WARM GB-s", "warmByteSeconds", Gigabyte, "0.###"),
        ("FROZEN GB-s", "frozenByteSeconds", Gigabyte, "0.###"),
        ("SNAPSHOT GB-h", "snapshotByteSeconds", Gigabyte * SecondsPerHour, "0.###"),
    ];

    /// <summary>The headings.</summary>
    public IEnumerable<string> Titles
    {
        get
        {
            var titles = Amounts.Select(amount => amount.Title).Prepend(by.ToUpperInvariant());
            return currency is null ? titles : titles.Append($"COST {currency}");
        }
    }

    /// <summary>The cells of an item.</summary>
    public IEnumerable<string?> Row(JsonObject item) => Cells(Name(item), item);

    /// <summary>The cells of all items together.</summary>
    public IEnumerable<string?> Total(JsonObject total) => Cells("total", total);

    private string? Name(JsonObject item) => by switch
    {
        "hour" => JsonPath.Text(item, "hour"),
        "version" => $"{item["function"]}:{item["version"]}",
        _ => JsonPath.Text(item, by),
    };

    private IEnumerable<string?> Cells(string? name, JsonObject item)
    {
        var cells = Amounts.Select(amount => Number(item, amount.Member) is > 0 and var number ? (number / amount.Unit).ToString(amount.Format, CultureInfo.InvariantCulture) : null).Prepend(name);
        return currency is null ? cells : cells.Append(Number(item, "cost").ToString("0.00####", CultureInfo.InvariantCulture));
    }

    private static decimal Number(JsonObject item, string member) =>
        decimal.TryParse(JsonPath.Text(item, member), NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
