using System.Globalization;
using System.Text.Json;

namespace Virga.Core.Dags;

/// <summary>One comparison of a condition with the value at its path.</summary>
internal abstract class DagTest
{
    public abstract string Text { get; }

    /// <summary>Whether it holds.</summary>
    /// <param name="exists">Whether there is a value.</param>
    /// <param name="reader">Stands on it, if there is; left where it is.</param>
    /// <param name="json">The whole document.</param>
    public abstract bool Holds(bool exists, ref Utf8JsonReader reader, ReadOnlySpan<byte> json);

    internal sealed class Exists(bool wanted) : DagTest
    {
        public override string Text => wanted ? "exists" : "is absent";

        public override bool Holds(bool exists, ref Utf8JsonReader reader, ReadOnlySpan<byte> json) => exists == wanted;
    }

    internal sealed class OneOf(IReadOnlyList<JsonElement> values) : DagTest
    {
        public override string Text => values.Count == 1 ? "= " + Shorten(values[0].GetRawText()) : "in " + Shorten(string.Join(", ", values.Select(value => value.GetRawText())));

        public override bool Holds(bool exists, ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
        {
            if (!exists)
            {
                return false;
            }

            foreach (var value in values)
            {
                if (IsEqual(ref reader, json, value))
                {
                    return true;
                }
            }

            return false;
        }

        private static bool IsEqual(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, JsonElement value)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.String:
                    return value.ValueKind == JsonValueKind.String && reader.ValueTextEquals(value.GetString());
                case JsonTokenType.Number:
                    return value.ValueKind == JsonValueKind.Number && (reader.TryGetDecimal(out var exact) && value.TryGetDecimal(out var wanted) ? exact == wanted : reader.GetDouble().Equals(value.GetDouble()));
                case JsonTokenType.True:
                    return value.ValueKind == JsonValueKind.True;
                case JsonTokenType.False:
                    return value.ValueKind == JsonValueKind.False;
                case JsonTokenType.Null:
                    return value.ValueKind == JsonValueKind.Null;
                default:
                    // Objects and arrays are compared as a whole, which is rare enough to make objects of them.
                    if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
                    {
                        return false;
                    }

                    var part = new Utf8JsonReader(json[(int)reader.TokenStartIndex..]);
                    using (var document = JsonDocument.ParseValue(ref part))
                    {
                        return JsonElement.DeepEquals(document.RootElement, value);
                    }
            }
        }

        private static string Shorten(string text) => text.Length <= 24 ? text : text[..23] + "…";
    }

    /// <summary>Greater or less than a number; of anything but a number it does not hold.</summary>
    internal sealed class Compare(string sign, double bound, bool above, bool orEqual) : DagTest
    {
        public override string Text => string.Create(CultureInfo.InvariantCulture, $"{sign} {bound}");

        public override bool Holds(bool exists, ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
        {
            if (!exists || reader.TokenType != JsonTokenType.Number)
            {
                return false;
            }

            var order = reader.GetDouble().CompareTo(bound);
            return (above ? order > 0 : order < 0) || (orEqual && order == 0);
        }
    }
}
