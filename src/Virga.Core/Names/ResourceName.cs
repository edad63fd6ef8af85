using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Core.Names;

/// <summary>The name of one resource, tenant or namespace: 1 to 63 of <c>a-z 0-9 -</c>, with a letter or digit at both ends.</summary>
[JsonConverter(typeof(JsonConverter))]
public readonly record struct ResourceName
{
    /// <summary>The greatest length, in characters; what a DNS label allows, so that a name can become a host.</summary>
    public const int MaxLength = 63;

    /// <summary>What a valid name looks like, for error messages.</summary>
    public const string Rule = "1 to 63 lower-case letters, digits or hyphens, beginning and ending with a letter or digit";

    /// <summary>The tenant or namespace of those who name none.</summary>
    public static readonly ResourceName Default = new("default");

    private readonly string? _value;

    private ResourceName(string value) => _value = value;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? throw new InvalidOperationException("This name was never set.");

    /// <summary>Reads a name; fails on anything that breaks <see cref="Rule"/>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ResourceName name)
    {
        if (!IsValid(text))
        {
            name = default;
            return false;
        }

        name = new ResourceName(string.IsInterned(text) ?? text);
        return true;
    }

    /// <summary>Reads a name.</summary>
    /// <exception cref="FormatException">The text breaks <see cref="Rule"/>.</exception>
    public static ResourceName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{Shorten(text)}' is no valid name: {Rule}.");


    /// <inheritdoc/>
    public override string ToString() => _value ?? "";

    /// <summary>Cuts a text that a user sent to a length fit for a message.</summary>
    public static string Shorten(string? text) => text is null ? "" : text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 77), "...");

    private static bool IsValid([NotNullWhen(true)] string? text)
    {
        if (text is null || text.Length is 0 or > MaxLength || text[0] == '-' || text[^1] == '-')
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }

        return true;
    }

    private sealed class JsonConverter : JsonConverter<ResourceName>
    {
        public override ResourceName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.GetString();
            return TryParse(text, out var name) ? name : throw new JsonException($"'{Shorten(text)}' is no valid name: {Rule}.");
        }

        public override void Write(Utf8JsonWriter writer, ResourceName value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
