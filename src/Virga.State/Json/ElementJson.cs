using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Virga.Core.Problems;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Updates;

namespace Virga.State.Json;

/// <summary>JSON values as payloads.</summary>
internal static class ElementJson
{
    /// <summary>A value as it is, but for the space between its parts.</summary>
    public static Payload Raw(JsonPlace place) => Write(place, static (output, element) => Copy(output, element));

    /// <summary>
    /// A value in the one form that all values equal to it have, so that it can be an element of a set: strings as text; of objects the members in the order of their names
    /// (UTF-16, as RFC 8785 has it); numbers in their shortest form, so that 1, 1.0 and 1e0 are one.
    /// </summary>
    /// <exception cref="ProblemException"><c>invalid-update</c>, <c>value-too-large</c>.</exception>
    public static Payload Element(JsonPlace place)
    {
        var payload = place.Element.ValueKind == JsonValueKind.String
            ? Payload.Of(PayloadTag.Text, Encoding.UTF8.GetBytes(place.Text()))
            : Write(place, (output, element) => Canonical(output, element, place));
        return payload.Bytes.Length - 1 <= StateLimits.MaxElementBytes
            ? payload
            : throw new ProblemException(KnownProblems.ValueTooLarge($"An element has {payload.Bytes.Length - 1:N0} bytes; {StateLimits.MaxElementBytes:N0} are allowed."));
    }

    private static Payload Write(JsonPlace place, Action<Utf8JsonWriter, JsonElement> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        buffer.GetSpan(1)[0] = (byte)PayloadTag.Json;
        buffer.Advance(1);
        try
        {
            using var output = new Utf8JsonWriter(buffer, StateJson.WriterOptions);
            write(output, place.Element);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw place.NoUnicode();
        }

        return new Payload(buffer.WrittenSpan.ToArray());
    }

    private static void Copy(Utf8JsonWriter output, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                output.WriteStartObject();
                foreach (var member in element.EnumerateObject())
                {
                    output.WritePropertyName(member.Name);
                    Copy(output, member.Value);
                }

                output.WriteEndObject();
                break;
            case JsonValueKind.Array:
                output.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Copy(output, item);
                }

                output.WriteEndArray();
                break;
            case JsonValueKind.String:
                output.WriteStringValue(element.GetString());
                break;
            default:
                element.WriteTo(output);
                break;
        }
    }

    private static void Canonical(Utf8JsonWriter output, JsonElement element, JsonPlace place)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                output.WriteStartObject();
                foreach (var member in element.EnumerateObject().OrderBy(static member => member.Name, StringComparer.Ordinal))
                {
                    output.WritePropertyName(member.Name);
                    Canonical(output, member.Value, place);
                }

                output.WriteEndObject();
                break;
            case JsonValueKind.Array:
                output.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Canonical(output, item, place);
                }

                output.WriteEndArray();
                break;
            case JsonValueKind.String:
                output.WriteStringValue(element.GetString());
                break;
            case JsonValueKind.Number:
                WriteNumber(output, element, place);
                break;
            default:
                element.WriteTo(output);
                break;
        }
    }

    private static void WriteNumber(Utf8JsonWriter output, JsonElement number, JsonPlace place)
    {
        if (number.TryGetInt64(out var integer))
        {
            output.WriteNumberValue(integer);
            return;
        }

        // Without a fraction or an exponent it is an integer, and a double would be another one.
        if (!number.GetRawText().AsSpan().ContainsAny(".eE") || !number.TryGetDouble(out var value) || !double.IsFinite(value))
        {
            throw place.Refuse($"the number {Core.Names.ResourceName.Shorten(number.GetRawText())} is beyond what can be kept exactly.");
        }

        const double Integers = 9.2e18;
        if (Math.Abs(value) < Integers && Math.Truncate(value) == value)
        {
            output.WriteNumberValue((long)value);
            return;
        }

        output.WriteRawValue(value.ToString("R", CultureInfo.InvariantCulture));
    }
}
