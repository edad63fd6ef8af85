using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Failures;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Virga.Cli.Yaml;

/// <summary>
/// A mapping of a YAML file that remembers where everything stood, so that a mistake is named with file and line.
/// Keys may be written as <c>maxInstances</c>, <c>max-instances</c> or <c>max_instances</c>.
/// </summary>
public sealed class YamlMapping
{
    private readonly string _file;
    private readonly Mark _start;
    private readonly Dictionary<string, (YamlScalarNode Key, YamlNode Value)> _entries = new(StringComparer.Ordinal);

    private YamlMapping(string file, YamlMappingNode node)
    {
        _file = file;
        _start = node.Start;
        foreach (var (keyNode, value) in node.Children)
        {
            var key = keyNode as YamlScalarNode ?? throw Wrong(keyNode, "A key must be a word.");
            if (!_entries.TryAdd(Normal(key.Value ?? ""), (key, value)))
            {
                throw Wrong(keyNode, $"The key '{key.Value}' stands twice.");
            }
        }
    }

    /// <summary>The keys as written.</summary>
    public IEnumerable<string> Keys => _entries.Values.Select(entry => entry.Key.Value ?? "");

    /// <summary>Reads a YAML document that is a mapping; an empty file is an empty mapping.</summary>
    /// <param name="file">What messages call it.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="UsageException">It is no YAML, or no mapping.</exception>
    public static YamlMapping Parse(string file, string text)
    {
        var stream = new YamlStream();
        try
        {
            using var reader = new StringReader(text);
            stream.Load(reader);
        }
        catch (YamlException wrong)
        {
            throw new UsageException($"{file}:{wrong.Start.Line}:{wrong.Start.Column}: This is no valid YAML: {wrong.Message}");
        }

        return stream.Documents.Count switch
        {
            0 => new YamlMapping(file, []),
            1 => stream.Documents[0].RootNode switch
            {
                YamlMappingNode mapping => new YamlMapping(file, mapping),
                YamlScalarNode { Value: null or "" } => new YamlMapping(file, []),
                var other => throw new UsageException($"{file}:{other.Start.Line}: The file must be a mapping of keys to values."),
            },
            _ => throw new UsageException($"{file}: The file has {stream.Documents.Count} documents.", "Put everything into one."),
        };
    }

    /// <summary>Refuses every key that is not among <paramref name="known"/>.</summary>
    /// <exception cref="UsageException">There is another key; the message names its line and what it may have meant.</exception>
    public void AllowOnly(params IReadOnlyList<string> known)
    {
        var normal = known.Select(Normal).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, (key, _)) in _entries)
        {
            if (!normal.Contains(name))
            {
                var fix = Spelling.Nearest(key.Value ?? "", known) is { } near ? $"Did you mean '{near}'?" : $"Known here: {string.Join(", ", known)}.";
                throw Wrong(key, $"'{key.Value}' is no known key.", fix);
            }
        }
    }

    /// <summary>Whether there is a mapping at the key, rather than a text or a list.</summary>
    public bool IsMapping(string key) => TryGet(key, out var node) && node is YamlMappingNode;

    /// <summary>Whether the key is there with a value.</summary>
    public bool Has(string key) => TryGet(key, out _);

    /// <summary>The text at a key; null when it is absent.</summary>
    public string? Text(string key) => TryGet(key, out var node) ? AsText(node, key) : null;

    /// <summary>The text at a key that must be there.</summary>
    public string RequiredText(string key) => Text(key) ?? throw Wrong($"'{key}' is missing.");

    /// <summary>The value at a key, read by <paramref name="read"/>, which gives null for what it cannot read; null when the key is absent.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">What the message says is expected.</param>
    /// <param name="read">Reads the text.</param>
    public T? Value<T>(string key, string expected, Func<string, T?> read)
        where T : struct
    {
        if (!TryGet(key, out var node))
        {
            return null;
        }

        var text = AsText(node, key);
        return read(text) ?? throw Wrong(node, $"'{text}' is not {expected}, which '{key}' takes.");
    }

    /// <summary>The texts of the list at a key, or the only text there; null when the key is absent.</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        if (!TryGet(key, out var node))
        {
            return null;
        }

        return node is YamlSequenceNode list ? [.. list.Select(item => AsText(item, key))] : [AsText(node, key)];
    }

    /// <summary>The texts of the list at a key, each read by <paramref name="read"/>, which gives the value or what is wrong.</summary>
    public IReadOnlyList<T>? Values<T>(string key, Func<string, (T? Value, string? Error)> read)
        where T : class
    {
        if (!TryGet(key, out var node))
        {
            return null;
        }

        return [.. (node is YamlSequenceNode list ? list.Children : [node]).Select(item => read(AsText(item, key)) is { Value: { } value } ? value : throw Wrong(item, read(AsText(item, key)).Error ?? "This cannot be read."))];
    }

    /// <summary>
    /// The elements of the list at a key, or the only one there: texts are read by <paramref name="fromText"/>, which gives null for what it cannot read, mappings by
    /// <paramref name="fromMapping"/>. Null when the key is absent.
    /// </summary>
    public IReadOnlyList<T>? Items<T>(string key, string expected, Func<string, T?> fromText, Func<YamlMapping, T> fromMapping)
        where T : class
    {
        if (!TryGet(key, out var node))
        {
            return null;
        }

        return [.. (node is YamlSequenceNode list ? list.Children : [node]).Select(item => item is YamlMappingNode mapping
            ? fromMapping(new YamlMapping(_file, mapping))
            : fromText(AsText(item, key)) ?? throw Wrong(item, $"'{AsText(item, key)}' is not {expected}, which '{key}' takes."))];
    }

    /// <summary>The mapping of texts at a key, whose own keys are free; null when the key is absent.</summary>
    public IReadOnlyDictionary<string, string>? Pairs(string key)
    {
        if (!TryGet(key, out var node))
        {
            return null;
        }

        var pairs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in (node as YamlMappingNode ?? throw Wrong(node, $"'{key}' must be a mapping of names to values.")).Children)
        {
            pairs[AsText(name, key)] = AsText(value, key);
        }

        return pairs;
    }

    /// <summary>What is at a key, as JSON: plain scalars are numbers, true, false or null where they read so. Null when the key is absent.</summary>
    public JsonNode? Json(string key) => TryGet(key, out var node) ? ToJson(node) : null;

    /// <summary>The mapping at a key; null when the key is absent.</summary>
    public YamlMapping? Mapping(string key) =>
        TryGet(key, out var node) ? new YamlMapping(_file, node as YamlMappingNode ?? throw Wrong(node, $"'{key}' must be a mapping.")) : null;

    /// <summary>The mappings of the list at a key; none when it is absent.</summary>
    public IReadOnlyList<YamlMapping> Mappings(string key)
    {
        if (!TryGet(key, out var node))
        {
            return [];
        }

        var list = node as YamlSequenceNode ?? throw Wrong(node, $"'{key}' must be a list: each element begins with '- '.");
        return [.. list.Select(item => new YamlMapping(_file, item as YamlMappingNode ?? throw Wrong(item, $"An element of '{key}' must be a mapping.")))];
    }

    /// <summary>A failure that names this mapping's place.</summary>
    public UsageException Wrong(string detail, string? fix = null) => new($"{_file}:{_start.Line}: {detail}", fix);

    /// <summary>A failure that names a key's place.</summary>
    public UsageException WrongAt(string key, string detail, string? fix = null) =>
        TryGet(key, out var node) ? Wrong(node, detail, fix) : Wrong(detail, fix);

    private static string Normal(string key) => key.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    private bool TryGet(string key, [NotNullWhen(true)] out YamlNode? node)
    {
        node = _entries.TryGetValue(Normal(key), out var entry) ? entry.Value : null;
        if (node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" })
        {
            node = null;
        }

        return node is not null;
    }

    private JsonNode? ToJson(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                var map = new JsonObject();
                foreach (var (name, value) in mapping.Children)
                {
                    map[AsText(name, "a key")] = ToJson(value);
                }

                return map;
            case YamlSequenceNode list:
                return new JsonArray([.. list.Children.Select(ToJson)]);
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: var text }:
                return text switch
                {
                    null or "" or "~" or "null" => null,
                    "true" => true,
                    "false" => false,
                    _ when decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
                    _ => text,
                };
            default:
                return AsText(node, "a key");
        }
    }

    private string AsText(YamlNode node, string key) => (node as YamlScalarNode)?.Value ?? throw Wrong(node, $"'{key}' takes a single value here.");

    private UsageException Wrong(YamlNode node, string detail, string? fix = null) => new($"{_file}:{node.Start.Line}: {detail}", fix);
}
