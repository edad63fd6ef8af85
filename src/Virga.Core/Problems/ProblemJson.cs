using System.Buffers;
using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Virga.Core.Problems;

/// <summary>The JSON form of a problem, as RFC 9457 has it: the same wherever Virga answers with one.</summary>
public static class ProblemJson
{
    /// <summary>Its media type.</summary>
    public const string ContentType = "application/problem+json";

    // The text is JSON by its content type and never stands in a page, so that quotes may stay readable.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a problem as UTF-8; what it leaves unsaid is left out.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="instance">What it happened to, such as an invocation's id; null when there is nothing to name.</param>
    public static ReadOnlyMemory<byte> Format(Problem problem, string? instance = null)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, problem.Type);
            json.WriteString("title"u8, problem.Title);
            json.WriteNumber("status"u8, problem.Status);
            WriteText(json, "detail", problem.Detail);
            WriteText(json, "fix", problem.Fix);
            json.WriteString("fault"u8, FaultName(problem.Fault));
            WriteText(json, "instance", instance);
            foreach (var (name, value) in problem.Extensions ?? ReadOnlyDictionary<string, object?>.Empty)
            {
                json.WritePropertyName(name);
                WriteValue(json, value);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static string FaultName(Fault fault) => fault switch
    {
        Fault.Client => "client",
        Fault.Function => "function",
        Fault.Limit => "limit",
        _ => "platform",
    };

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case IReadOnlyDictionary<string, object?> map:
                json.WriteStartObject();
                foreach (var (name, member) in map)
                {
                    json.WritePropertyName(name);
                    WriteValue(json, member);
                }

                json.WriteEndObject();
                break;
            case IEnumerable list:
                json.WriteStartArray();
                foreach (var item in list)
                {
                    WriteValue(json, item);
                }

                json.WriteEndArray();
                break;
            case IFormattable number and (int or long or double or decimal):
                json.WriteRawValue(number.ToString(null, CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteStringValue(value.ToString());
                break;
        }
    }
}
