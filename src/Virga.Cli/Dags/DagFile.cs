using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Apply;
using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli.Dags;

/// <summary>Reads a DAG out of a YAML or JSON file. What cannot be is refused by the node; here only what cannot be read.</summary>
internal static class DagFile
{
    private static readonly string[] Keys = ["name", "consistency", "timeout", "retries", "placement", "nodes", "edges", "output"];

    /// <summary>Reads an entry; gives its name, if it has one, and its spec with every member, so that it can be compared with the node's.</summary>
    /// <exception cref="Failures.UsageException">There is a mistake; the message names its line.</exception>
    public static (ResourceName? Name, JsonObject Spec) Read(YamlMapping entry)
    {
        entry.AllowOnly(Keys);
        var spec = new JsonObject
        {
            ["consistency"] = entry.Text("consistency") ?? "lww",
            ["timeout"] = (entry.Duration("timeout") ?? Duration.FromSeconds(60)).ToString(),
            ["retries"] = entry.Count("retries", 0) ?? 2,
            ["placement"] = entry.Text("placement") ?? "near",
            ["nodes"] = new JsonArray([.. entry.Mappings("nodes").Select(Node)]),
            ["edges"] = new JsonArray([.. (entry.Items("edges", "an edge such as 'a -> b'", Arrow, Edge) ?? []).Select(edge => (JsonNode)edge)]),
            ["output"] = entry.Text("output"),
        };
        return (entry.Has("name") ? entry.Name("name") : null, spec);
    }

    private static JsonNode Node(YamlMapping entry)
    {
        entry.AllowOnly("name", "function", "retries", "timeout", "references", "when");
        return new JsonObject
        {
            ["name"] = entry.RequiredText("name"),
            ["function"] = entry.Text("function") ?? entry.RequiredText("name"),
            ["retries"] = entry.Count("retries", 0) ?? 0,
            ["timeout"] = entry.Duration("timeout")?.ToString(),
            ["references"] = new JsonObject((entry.Pairs("references") ?? new Dictionary<string, string>(StringComparer.Ordinal)).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["when"] = entry.Json("when"),
        };
    }

    private static JsonObject Edge(YamlMapping entry)
    {
        entry.AllowOnly("from", "to", "as", "when");
        return Edge(entry.RequiredText("from"), entry.RequiredText("to"), entry.Text("as"), entry.Json("when"));
    }

    private static JsonObject? Arrow(string text) =>
        text.Split("->", StringSplitOptions.TrimEntries) is [{ Length: > 0 } from, { Length: > 0 } to] ? Edge(from, to, null, null) : null;

    private static JsonObject Edge(string from, string to, string? input, JsonNode? when) => new() { ["from"] = from, ["to"] = to, ["as"] = input, ["when"] = when };
}
