using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Virga.Telemetry.Metering;

/// <summary>A usage report as JSON and as CSV. Both give the same names to the same numbers; what rows are not grouped by is left out.</summary>
internal static class UsageReportFormat
{
    private const string HourFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The names of groupings.</summary>
    private static readonly string[] Groupings = ["function", "version", "hour", "tenant"];

    private static readonly (string Name, Func<UsageReportRow, string?> Value)[] Keys =
    [
        ("tenant", static row => row.Tenant),
        ("namespace", static row => row.Namespace),
        ("function", static row => row.Function),
        ("version", static row => row.Version?.ToString(CultureInfo.InvariantCulture)),
        ("hour", static row => row.Hour?.ToString(HourFormat, CultureInfo.InvariantCulture)),
    ];

    private static readonly (string Name, Func<UsageAmounts, decimal> Value)[] Amounts =
    [
        ("calls", static usage => usage.Calls),
        ("ok", static usage => usage.Ok),
        ("errors", static usage => usage.Errors),
        ("rejected", static usage => usage.Rejected),
        ("cancelled", static usage => usage.Cancelled),
        ("durationMs", static usage => usage.DurationMs),
        ("cpuMs", static usage => usage.CpuMicroseconds / 1000m),
        ("bytesIn", static usage => usage.BytesIn),
        ("bytesOut", static usage => usage.BytesOut),
        ("warmByteSeconds", static usage => usage.WarmByteSeconds),
        ("frozenByteSeconds", static usage => usage.FrozenByteSeconds),
        ("snapshotByteSeconds", static usage => usage.SnapshotByteSeconds),
    ];

    /// <summary>Writes the report as a JSON object.</summary>
    public static void WriteJson(IBufferWriter<byte> output, UsageReport report)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("by", Groupings[(int)report.By]);
        json.WriteString("since", report.Since.UtcDateTime);
        json.WriteString("until", report.Until.UtcDateTime);
        if (report.Currency is { } currency)
        {
            json.WriteString("currency", currency);
        }

        json.WriteStartArray("items");
        foreach (var row in report.Rows)
        {
            WriteRow(json, row);
        }

        json.WriteEndArray();
        json.WritePropertyName("total");
        WriteRow(json, report.Total);
        json.WriteEndObject();
    }

    /// <summary>Writes the rows as CSV (RFC 4180), the names first. There is no line for the total: whoever adds the lines up would count it twice.</summary>
    public static void WriteCsv(IBufferWriter<byte> output, UsageReport report)
    {
        // No value needs quotes: names, numbers and times have neither commas nor line ends.
        var keys = Keys.Where(key => IsKeyOf(report.By, key.Name)).ToList();
        var names = keys.Select(static key => key.Name).Concat(Amounts.Select(static amount => amount.Name));
        Line(report.Currency is null ? names : [.. names, "cost", "currency"]);
        foreach (var row in report.Rows)
        {
            var values = keys.Select(key => key.Value(row)).Concat(Amounts.Select(amount => Text(amount.Value(row.Usage))));
            Line(row.Cost is { } cost ? [.. values, Text(cost), report.Currency] : values);
        }

        void Line(IEnumerable<string?> values) => output.Write(Encoding.UTF8.GetBytes(string.Join(',', values) + "\r\n"));
    }

    private static bool IsKeyOf(UsageGrouping by, string key) => by switch
    {
        UsageGrouping.Function => key is "tenant" or "namespace" or "function",
        UsageGrouping.Version => key is not "hour",
        UsageGrouping.Hour => key is "hour",
        UsageGrouping.Tenant => key is "tenant",
        _ => false,
    };

    private static void WriteRow(Utf8JsonWriter json, UsageReportRow row)
    {
        json.WriteStartObject();
        foreach (var (name, value) in Keys)
        {
            if (name == "version" && row.Version is { } version)
            {
                json.WriteNumber(name, version);
            }
            else if (value(row) is { } text)
            {
                json.WriteString(name, text);
            }
        }

        foreach (var (name, value) in Amounts)
        {
            json.WriteNumber(name, value(row.Usage));
        }

        if (row.Cost is { } cost)
        {
            json.WriteNumber("cost", cost);
        }

        json.WriteEndObject();
    }

    private static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);
}
