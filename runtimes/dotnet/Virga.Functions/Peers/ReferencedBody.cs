using System.Buffers;
using System.Text.Json;
using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>A body whose references <c>{"$ref":"KEY"}</c> were replaced by the values that they stand for.</summary>
internal static class ReferencedBody
{
    /// <summary>Reads the keys, and puts their values in the places of the references: JSON as it is, text as a string, bytes as Base64, <c>null</c> for none.</summary>
    /// <exception cref="PlatformException">A key cannot be read.</exception>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ResolveAsync(ICall call, ReadOnlyMemory<byte> body, string[] keys)
    {
        var values = new Dictionary<string, FoundValue>(keys.Length, StringComparer.Ordinal);
        foreach ((string key, FoundValue found) in await new SharedState(call).ReadManyAsync(keys, CancellationToken.None))
        {
            values[key] = found;
        }

        return Replace(body, values);
    }

    private static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> body, Dictionary<string, FoundValue> values)
    {
        var resolved = new ArrayBufferWriter<byte>(body.Length + (int)Math.Min(int.MaxValue / 2, values.Values.Sum(value => (long)value.Value.Content.Length)));
        using var writer = new Utf8JsonWriter(resolved, new JsonWriterOptions { SkipValidation = true });
        var reader = new Utf8JsonReader(body.Span);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartObject && KeyOfReference(reader) is { } key && values.TryGetValue(key, out FoundValue found))
            {
                Write(writer, found);
                reader.Skip();
            }
            else
            {
                Copy(ref reader, writer);
            }
        }

        writer.Flush();
        return resolved.WrittenMemory;
    }

    /// <summary>The reader is a copy: the caller's stays where it is.</summary>
    private static string? KeyOfReference(Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals(StateReferenceConverter.Mark))
        {
            return null;
        }

        reader.Read();
        string? key = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject ? key : null;
    }

    private static void Write(Utf8JsonWriter writer, FoundValue found)
    {
        switch (found)
        {
            case { Exists: false }:
                writer.WriteNullValue();
                break;
            case { Value.Tag: ValueTag.Json }:
                writer.WriteRawValue(found.Value.Content.Span, skipInputValidation: true);
                break;
            case { Value.Tag: ValueTag.Text }:
                writer.WriteStringValue(found.Value.Content.Span);
                break;
            default:
                writer.WriteBase64StringValue(found.Value.Content.Span);
                break;
        }
    }

    private static void Copy(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                writer.WriteStartObject();
                break;
            case JsonTokenType.EndObject:
                writer.WriteEndObject();
                break;
            case JsonTokenType.StartArray:
                writer.WriteStartArray();
                break;
            case JsonTokenType.EndArray:
                writer.WriteEndArray();
                break;
            case JsonTokenType.PropertyName:
                writer.WritePropertyName(reader.GetString()!);
                break;
            case JsonTokenType.String:
                writer.WriteStringValue(reader.GetString());
                break;
            default:
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                break;
        }
    }
}
