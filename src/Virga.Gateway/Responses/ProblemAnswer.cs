using System.Buffers;
using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Virga.Core.Problems;
using Virga.Gateway.Requests;

namespace Virga.Gateway.Responses;

/// <summary>Answers with a problem (RFC 9457).</summary>
internal static class ProblemAnswer
{
    private const string RetryAfterSeconds = "1";

    // The text is JSON by its content type and never stands in a page, so that quotes may stay readable.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Sends a problem as the whole answer; when an answer has begun already, breaks the connection so that its part is not taken for the whole.</summary>
    public static async ValueTask SendAsync(Exchange exchange, Problem problem)
    {
        var response = exchange.Response;
        if (response.HasStarted)
        {
            exchange.Lifetime.Abort();
            return;
        }

        response.StatusCode = problem.Status;
        var headers = response.Headers;
        headers.ContentType = "application/problem+json";
        headers["Virga-Invocation-Id"] = exchange.IdText;
        if (problem.Status is 429 or 503)
        {
            headers.RetryAfter = problem.RetryAfter is { } wait ? Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture) : RetryAfterSeconds;
        }

        var body = Format(problem, exchange.IdText);
        headers.ContentLength = body.Length;
        if (!exchange.IsHead)
        {
            await exchange.ResponseBody.Writer.WriteAsync(body, exchange.Lifetime.RequestAborted);
        }
    }

    private static ReadOnlyMemory<byte> Format(Problem problem, string instance)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Readable))
        {
            writer.WriteStartObject();
            writer.WriteString("type", problem.Type);
            writer.WriteString("title", problem.Title);
            writer.WriteNumber("status", problem.Status);
            WriteText(writer, "detail", problem.Detail);
            WriteText(writer, "fix", problem.Fix);
            writer.WriteString("fault", FaultName(problem.Fault));
            writer.WriteString("instance", instance);
            foreach (var (name, value) in problem.Extensions ?? ReadOnlyDictionary<string, object?>.Empty)
            {
                writer.WritePropertyName(name);
                WriteValue(writer, value);
            }

            writer.WriteEndObject();
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

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case IReadOnlyDictionary<string, object?> map:
                writer.WriteStartObject();
                foreach (var (name, member) in map)
                {
                    writer.WritePropertyName(name);
                    WriteValue(writer, member);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    WriteValue(writer, item);
                }

                writer.WriteEndArray();
                break;
            case IFormattable number and (int or long or double or decimal):
                writer.WriteRawValue(number.ToString(null, CultureInfo.InvariantCulture));
                break;
            default:
                writer.WriteStringValue(value.ToString());
                break;
        }
    }
}
