using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Reads <c>{"idle":"2m","frozen":"1h","snapshot":"7d"}</c>, any part of it, and a lone duration, which is that of <c>idle</c>.</summary>
public sealed class KeepWarmConverter : JsonConverter<KeepWarm>
{
    public override KeepWarm Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
        {
            return new KeepWarm { Idle = ReadDuration(ref reader, options) };
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("keepWarm is a duration, or an object of idle, frozen and snapshot.");
        }

        var tiers = new KeepWarm();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            tiers = name switch
            {
                "idle" => tiers with { Idle = ReadDuration(ref reader, options) },
                "frozen" => tiers with { Frozen = ReadDuration(ref reader, options) },
                "snapshot" => tiers with { Snapshot = ReadDuration(ref reader, options) },
                _ => throw new JsonException($"keepWarm has no '{name}'; it has idle, frozen and snapshot."),
            };
        }

        return tiers;
    }

    public override void Write(Utf8JsonWriter writer, KeepWarm value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("idle"u8, value.Idle.ToString());
        writer.WriteString("frozen"u8, value.Frozen.ToString());
        writer.WriteString("snapshot"u8, value.Snapshot.ToString());
        writer.WriteEndObject();
    }

    private static Duration ReadDuration(ref Utf8JsonReader reader, JsonSerializerOptions options) =>
        s_duration.Read(ref reader, typeof(Duration), options);

    private static readonly Duration.JsonConverter s_duration = new();
}
