using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Reads <c>"none"</c>, <c>"internet"</c> and, from before there were policies, <c>false</c> and <c>true</c>.</summary>
public sealed class EgressPolicyConverter : JsonConverter<EgressPolicy>
{
    public override EgressPolicy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.False => EgressPolicy.None,
        JsonTokenType.True => EgressPolicy.Internet,
        JsonTokenType.String when reader.ValueTextEquals("none"u8) => EgressPolicy.None,
        JsonTokenType.String when reader.ValueTextEquals("internet"u8) => EgressPolicy.Internet,
        _ => throw new JsonException("An egress policy is none or internet."),
    };

    public override void Write(Utf8JsonWriter writer, EgressPolicy value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value == EgressPolicy.Internet ? "internet"u8 : "none"u8);
}
