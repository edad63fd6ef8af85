using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Virga.Cli.Output;

/// <summary>Writes JSON as YAML.</summary>
internal static class YamlWriter
{
    public static void Write(TextWriter output, JsonNode node)
    {
        using var text = new StringWriter();
        new YamlStream(new YamlDocument(Convert(node))).Save(text, assignAnchors: false);

        // The library ends a document with the marker "...", which only a stream of several documents needs.
        output.Write(text.ToString().ReplaceLineEndings("\n").Replace("\n...\n", "\n", StringComparison.Ordinal));
    }

    private static YamlNode Convert(JsonNode? node) => node switch
    {
        JsonObject map => new YamlMappingNode(map.Select(member => KeyValuePair.Create<YamlNode, YamlNode>(Scalar(member.Key), Convert(member.Value)))),
        JsonArray list => new YamlSequenceNode(list.Select(Convert)),
        null => new YamlScalarNode("null") { Style = ScalarStyle.Plain },
        _ when node.GetValueKind() == JsonValueKind.String => Scalar(node.GetValue<string>()),
        _ => new YamlScalarNode(node.ToJsonString()) { Style = ScalarStyle.Plain },
    };

    private static YamlScalarNode Scalar(string text) => new(text) { Style = ReadsAsText(text) ? ScalarStyle.Any : ScalarStyle.DoubleQuoted };

    // Plain text that a YAML reader would take for a number, a date, a boolean or nothing must be quoted.
    private static bool ReadsAsText(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '/') && text.ToUpperInvariant() is not ("TRUE" or "FALSE" or "NULL" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N");
}
