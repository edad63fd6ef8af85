using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>An amount of bytes, written as <c>128MB</c>, <c>1.5GB</c>, <c>512KB</c> or <c>1000</c>; a kilobyte has 1,024 bytes.</summary>
/// <param name="Bytes">The amount.</param>
[JsonConverter(typeof(JsonConverter))]
public readonly record struct ByteSize(long Bytes)
{
    private static readonly (string Suffix, long Factor)[] Units =
        [("GIB", 1L << 30), ("GB", 1L << 30), ("G", 1L << 30), ("MIB", 1L << 20), ("MB", 1L << 20), ("M", 1L << 20), ("KIB", 1L << 10), ("KB", 1L << 10), ("K", 1L << 10), ("B", 1)];

    /// <summary>So many megabytes of 1,048,576 bytes.</summary>
    public static ByteSize FromMegabytes(long megabytes) => new(megabytes << 20);

    /// <summary>Reads a size that is zero or more.</summary>
    public static bool TryParse(string? text, out ByteSize size)
    {
        size = default;
        var number = text?.Trim().ToUpperInvariant() ?? "";
        var factor = 1L;
        foreach (var (suffix, unit) in Units)
        {
            if (number.EndsWith(suffix, StringComparison.Ordinal))
            {
                (number, factor) = (number[..^suffix.Length].TrimEnd(), unit);
                break;
            }
        }

        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value > long.MaxValue / factor)
        {
            return false;
        }

        size = new ByteSize((long)(value * factor));
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Bytes switch
    {
        > 0 when Bytes % (1L << 30) == 0 => $"{Bytes >> 30}GB",
        > 0 when Bytes % (1L << 20) == 0 => $"{Bytes >> 20}MB",
        > 0 when Bytes % (1L << 10) == 0 => $"{Bytes >> 10}KB",
        _ => Bytes.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Reads and writes the text form; public because source-generated contexts of other projects name it.</summary>
    public sealed class JsonConverter : JsonConverter<ByteSize>
    {
        public override ByteSize Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.TokenType == JsonTokenType.Number ? reader.GetInt64().ToString(CultureInfo.InvariantCulture) : reader.GetString();
            return TryParse(text, out var size) ? size : throw new JsonException($"'{text}' is no size; write it as 128MB, 1GB or a number of bytes.");
        }

        public override void Write(Utf8JsonWriter writer, ByteSize value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
