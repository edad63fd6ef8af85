using System.Text.Json.Nodes;

namespace Virga.Cli.Output;

/// <summary>Reads values out of the control API's JSON.</summary>
internal static class JsonPath
{
    /// <summary>The node at a path of member names with dots between; null when a part is missing.</summary>
    public static JsonNode? Find(JsonNode? node, string path)
    {
        foreach (var member in path.Split('.'))
        {
            node = (node as JsonObject)?[member];
        }

        return node;
    }

    /// <summary>The value at a path as text: a list as its items with commas between.</summary>
    public static string? Text(JsonNode? node, string path) => Text(Find(node, path));

    /// <summary>A value as text.</summary>
    public static string? Text(JsonNode? value) => value switch
    {
        null => null,
        JsonArray list => string.Join(", ", list.Select(Text)),
        JsonObject map => string.Join(", ", map.Select(member => $"{member.Key}={Text(member.Value)}")),
        _ => value.ToString(),
    };
}
