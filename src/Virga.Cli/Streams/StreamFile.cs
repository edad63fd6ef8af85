using System.Text.Json.Nodes;
using Virga.Cli.Apply;
using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli.Streams;

/// <summary>Reads a stream function out of a YAML or JSON file. What cannot be is refused by the node; here only what cannot be read.</summary>
internal static class StreamFile
{
    private static readonly string[] Keys = ["name", "inputs", "pattern", "function", "output", "deadLetter", "from", "processing", "parallelism", "batch", "window", "retries"];

    /// <summary>Reads an entry; gives its name, if it has one, and its spec with every member, so that it can be compared with the node's.</summary>
    /// <exception cref="Failures.UsageException">There is a mistake; the message names its line.</exception>
    public static (ResourceName? Name, JsonObject Spec) Read(YamlMapping entry)
    {
        entry.AllowOnly(Keys);
        var usual = new StreamSpec { Function = "" };
        var spec = new JsonObject
        {
            ["inputs"] = new JsonArray([.. (entry.Texts("inputs") ?? []).Select(topic => (JsonNode)topic)]),
            ["pattern"] = entry.Text("pattern"),
            ["function"] = entry.RequiredText("function"),
            ["output"] = entry.Text("output"),
            ["deadLetter"] = entry.Text("deadLetter"),
            ["from"] = entry.Text("from") ?? "latest",
            ["processing"] = entry.Text("processing") ?? "at-least-once",
            ["parallelism"] = entry.Count("parallelism", 1) ?? usual.Parallelism,
            ["batch"] = entry.Count("batch", 1) ?? usual.Batch,
            ["window"] = entry.Mapping("window") is { } window ? Window(window) : null,
            ["retries"] = entry.Count("retries", 0) ?? usual.Retries,
        };
        return (entry.Has("name") ? entry.Name("name") : null, spec);
    }

    private static JsonObject Window(YamlMapping entry)
    {
        entry.AllowOnly("size", "slide", "count", "every", "gap", "perKey", "time", "lateness", "idle");
        return new JsonObject
        {
            ["size"] = entry.Duration("size")?.ToString(),
            ["slide"] = entry.Duration("slide")?.ToString(),
            ["count"] = entry.Count("count", 1),
            ["every"] = entry.Count("every", 1),
            ["gap"] = entry.Duration("gap")?.ToString(),
            ["perKey"] = entry.Value<bool>("perKey", "true or false", static text => bool.TryParse(text, out var flag) ? flag : null) ?? true,
            ["time"] = entry.Text("time") ?? "publish",
            ["lateness"] = (entry.Duration("lateness") ?? default(Duration)).ToString(),
            ["idle"] = entry.Duration("idle")?.ToString(),
        };
    }
}
