using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Virga.Cli.Output;

/// <summary>Prints a command's result in the format that the user chose.</summary>
internal sealed class ResultWriter(Terminal terminal, OutputFormat format)
{
    // A terminal is no web page: text stays readable instead of being escaped for HTML.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions OnOneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether a person's form was asked for.</summary>
    public bool IsTable => format == OutputFormat.Table;

    /// <summary>Whether CSV was asked for.</summary>
    public bool IsCsv => format == OutputFormat.Csv;

    /// <summary>Prints a list, one row each; <paramref name="empty"/> tells a person that there is none.</summary>
    public void List(JsonArray items, string empty, params Column[] columns)
    {
        if (!IsTable)
        {
            Document(new JsonObject { ["items"] = items.DeepClone() });
        }
        else if (items.Count == 0)
        {
            terminal.Error.WriteLine(empty);
        }
        else
        {
            Rows(columns.Select(column => column.Title), items.OfType<JsonObject>().Select(item => columns.Select(column => column.Value(item))));
        }
    }

    /// <summary>Prints one thing, its members below each other.</summary>
    public void Item(JsonObject item)
    {
        if (IsTable)
        {
            Members(Flatten(item, "").Select(pair => (pair.Name, pair.Value)));
        }
        else
        {
            Document(item);
        }
    }

    /// <summary>Prints names and values below each other.</summary>
    public void Members(IEnumerable<(string Name, string? Value)> members)
    {
        var rows = members.Where(member => !string.IsNullOrEmpty(member.Value)).ToList();
        var width = rows.Count == 0 ? 0 : rows.Max(row => row.Name.Length);
        foreach (var (name, value) in rows)
        {
            terminal.Console.MarkupLineInterpolated($"[grey]{name.PadRight(width)}[/]  {value}");
        }
    }

    /// <summary>Prints a table whatever the format; for parts of a person's view.</summary>
    public void Rows(IEnumerable<string> titles, IEnumerable<IEnumerable<string?>> rows)
    {
        var table = new Table().NoBorder();
        foreach (var title in titles)
        {
            table.AddColumn(new TableColumn(new Text(title, new Style(Color.Grey))).NoWrap().PadLeft(0).PadRight(2));
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(string.IsNullOrEmpty(cell) ? "-" : cell)));
        }

        terminal.Console.Write(table);
    }

    /// <summary>Prints JSON, or the same as YAML.</summary>
    public void Document(JsonObject document)
    {
        if (format == OutputFormat.Yaml)
        {
            YamlWriter.Write(terminal.Out, document);
        }
        else
        {
            terminal.Out.WriteLine(Json(document, Indented));
        }
    }

    /// <summary>Prints one element of a stream: JSON on a line of its own, or a YAML document.</summary>
    public void StreamItem(JsonObject item)
    {
        if (format == OutputFormat.Yaml)
        {
            terminal.Out.WriteLine("---");
            YamlWriter.Write(terminal.Out, item);
        }
        else
        {
            terminal.Out.WriteLine(Json(item, OnOneLine));
        }

        terminal.Out.Flush();
    }

    private static string Json(JsonNode node, JsonWriterOptions options)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            node.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static IEnumerable<(string Name, string? Value)> Flatten(JsonObject item, string prefix)
    {
        foreach (var (name, value) in item)
        {
            if (value is JsonObject inner)
            {
                foreach (var pair in Flatten(inner, $"{prefix}{name}."))
                {
                    yield return pair;
                }
            }
            else
            {
                yield return (prefix + name, JsonPath.Text(value));
            }
        }
    }
}
