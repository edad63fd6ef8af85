using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>A span of time, written as <c>250ms</c>, <c>30s</c>, <c>2m</c>, <c>1.5h</c> or <c>7d</c>; a bare number means seconds.</summary>
/// <param name="Span">The span; resolution one millisecond.</param>
[JsonConverter(typeof(JsonConverter))]
public readonly record struct Duration(TimeSpan Span)
{
    private static readonly (string Suffix, long Milliseconds)[] Units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// <summary>So many seconds.</summary>
    public static Duration FromSeconds(double seconds) => new(TimeSpan.FromSeconds(seconds));

    /// <summary>Reads a duration that is zero or more.</summary>
    public static bool TryParse(string? text, out Duration duration)
    {
        duration = default;
        var number = text?.Trim() ?? "";
        var unit = 1000L;
        foreach (var (suffix, milliseconds) in Units)
        {
            if (number.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                (number, unit) = (number[..^suffix.Length].TrimEnd(), milliseconds);
                break;
            }
        }

        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value > 3_650L * 86_400_000 / unit)
        {
            return false;
        }

        duration = new Duration(TimeSpan.FromMilliseconds((double)(value * unit)));
        return true;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var milliseconds = (long)Span.TotalMilliseconds;
        if (milliseconds == 0)
        {
            return "0s";
        }

        for (var i = Units.Length - 1; i > 0; i--)
        {
            if (milliseconds % Units[i].Milliseconds == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{milliseconds / Units[i].Milliseconds}{Units[i].Suffix}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms");
    }

    /// <summary>Reads and writes the text form; public because source-generated contexts of other projects name it.</summary>
    public sealed class JsonConverter : JsonConverter<Duration>
    {
        public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.TokenType == JsonTokenType.Number ? reader.GetDecimal().ToString(CultureInfo.InvariantCulture) : reader.GetString();
            return TryParse(text, out var duration) ? duration : throw new JsonException($"'{text}' is no duration; write it as 250ms, 30s, 2m, 1h or 7d.");
        }

        public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
