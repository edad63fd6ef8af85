using System.Text.Json;

namespace Virga.Topics.Schemas.Avro;

/// <summary>Reads schemas as Avro writes them: https://avro.apache.org/docs/1.11.1/specification/.</summary>
internal sealed class AvroParser
{
    // Of JSON as well as of types in types.
    private const int MaxDepth = 64;

    // By full name; those that are still being read are among them, so that they may contain themselves.
    private readonly Dictionary<string, AvroType> _named = new(StringComparer.Ordinal);

    private AvroParser()
    {
    }

    /// <summary>Reads a schema.</summary>
    /// <exception cref="AvroFormatException">It is none.</exception>
    public static AvroType Parse(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return new AvroParser().Read(document.RootElement, "", "the schema");
        }
        catch (JsonException e)
        {
            throw new AvroFormatException($"it is no JSON: {e.Message}");
        }
        catch (InvalidOperationException e)
        {
            // A text whose characters are none, such as half of a surrogate pair.
            throw new AvroFormatException($"a text in it is none: {e.Message}");
        }
    }

    private AvroType Read(JsonElement element, string space, string at) => element.ValueKind switch
    {
        JsonValueKind.String => Named(element.GetString()!, space, at),
        JsonValueKind.Array => new AvroType(AvroKind.Union) { Parts = [.. element.EnumerateArray().Select((branch, i) => Read(branch, space, $"branch {i} of {at}"))] },
        JsonValueKind.Object => ReadObject(element, space, at),
        _ => throw new AvroFormatException($"{at} is {element.ValueKind}, and no type."),
    };

    private AvroType ReadObject(JsonElement element, string space, string at)
    {
        if (!element.TryGetProperty("type", out var type))
        {
            throw new AvroFormatException($"{at} has no 'type'.");
        }

        // A type may be in a type: {"type":{"type":"string"}}.
        return type.ValueKind != JsonValueKind.String ? Read(type, space, at) : type.GetString() switch
        {
            "record" or "error" => ReadRecord(element, space, at),
            "enum" => ReadEnum(element, space, at),
            "fixed" => ReadFixed(element, space, at),
            "array" => new AvroType(AvroKind.Array) { Parts = [Read(Required(element, "items", at), space, $"the items of {at}")] },
            "map" => new AvroType(AvroKind.Map) { Parts = [Read(Required(element, "values", at), space, $"the values of {at}")] },
            var name => Named(name!, space, at),
        };
    }

    private AvroType ReadRecord(JsonElement element, string space, string at)
    {
        var (name, full, within) = NameOf(element, space, at);
        var record = Define(full, new AvroType(AvroKind.Record) { Name = name, Aliases = AliasesOf(element) }, at);
        var fields = new List<AvroField>();
        foreach (var field in Items(element, "fields", at))
        {
            var fieldName = Text(field, "name", $"a field of {name}");
            var place = $"{name}.{fieldName}";
            fields.Add(new AvroField(fieldName, AliasesOf(field), Read(Required(field, "type", place), within, place), field.TryGetProperty("default", out _)));
        }

        record.Fields = fields;
        return record;
    }

    private AvroType ReadEnum(JsonElement element, string space, string at)
    {
        var (name, full, _) = NameOf(element, space, at);
        var symbols = Items(element, "symbols", at).Select(symbol => symbol.ValueKind == JsonValueKind.String ? symbol.GetString()! : throw new AvroFormatException($"a symbol of {name} is no text.")).ToHashSet(StringComparer.Ordinal);
        return Define(full, new AvroType(AvroKind.Enum) { Name = name, Aliases = AliasesOf(element), Symbols = symbols, HasDefault = element.TryGetProperty("default", out _) }, at);
    }

    private AvroType ReadFixed(JsonElement element, string space, string at)
    {
        var (name, full, _) = NameOf(element, space, at);
        var size = Required(element, "size", at);
        return size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out var bytes) && bytes >= 0
            ? Define(full, new AvroType(AvroKind.Fixed) { Name = name, Aliases = AliasesOf(element), Size = bytes }, at)
            : throw new AvroFormatException($"the size of {name} is no number of bytes.");
    }

    private AvroType Define(string full, AvroType type, string at) => _named.TryAdd(full, type) ? type : throw new AvroFormatException($"{at} defines {full} a second time.");

    private AvroType Named(string name, string space, string at) => name switch
    {
        "null" => new AvroType(AvroKind.Null),
        "boolean" => new AvroType(AvroKind.Boolean),
        "int" => new AvroType(AvroKind.Int),
        "long" => new AvroType(AvroKind.Long),
        "float" => new AvroType(AvroKind.Float),
        "double" => new AvroType(AvroKind.Double),
        "bytes" => new AvroType(AvroKind.Bytes),
        "string" => new AvroType(AvroKind.String),
        _ => _named.GetValueOrDefault(name.Contains('.', StringComparison.Ordinal) || space.Length == 0 ? name : $"{space}.{name}")
            ?? _named.GetValueOrDefault(name)
            ?? throw new AvroFormatException($"{at} is of the type '{name}', which is not defined before."),
    };

    // The name alone, the full name, and the namespace in which names inside of it are.
    private static (string Name, string Full, string Space) NameOf(JsonElement element, string space, string at)
    {
        var name = Text(element, "name", at);
        var dot = name.LastIndexOf('.');
        if (dot >= 0)
        {
            return (name[(dot + 1)..], name, name[..dot]);
        }

        var within = element.TryGetProperty("namespace", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : space;
        return (name, within.Length == 0 ? name : $"{within}.{name}", within);
    }

    private static string[] AliasesOf(JsonElement element) =>
        element.TryGetProperty("aliases", out var aliases) && aliases.ValueKind == JsonValueKind.Array
            ? [.. aliases.EnumerateArray().Where(static alias => alias.ValueKind == JsonValueKind.String).Select(static alias => alias.GetString()!).Select(static alias => alias[(alias.LastIndexOf('.') + 1)..])]
            : [];

    private static JsonElement Required(JsonElement element, string name, string at) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var found) ? found : throw new AvroFormatException($"{at} has no '{name}'.");

    private static string Text(JsonElement element, string name, string at) =>
        Required(element, name, at) is { ValueKind: JsonValueKind.String } found ? found.GetString()! : throw new AvroFormatException($"the '{name}' of {at} is no text.");

    private static IEnumerable<JsonElement> Items(JsonElement element, string name, string at) =>
        Required(element, name, at) is { ValueKind: JsonValueKind.Array } found ? found.EnumerateArray() : throw new AvroFormatException($"the '{name}' of {at} are no list.");
}
