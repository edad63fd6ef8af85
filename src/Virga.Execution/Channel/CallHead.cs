using System.Buffers;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Execution.Channel;

/// <summary>Writes the header of CALL frames into buffers that each thread keeps for itself.</summary>
internal static class CallHead
{
    private static readonly JsonEncodedText Id = JsonEncodedText.Encode("id");
    private static readonly JsonEncodedText TriggerName = JsonEncodedText.Encode("trigger");
    private static readonly JsonEncodedText Method = JsonEncodedText.Encode("method");
    private static readonly JsonEncodedText Path = JsonEncodedText.Encode("path");
    private static readonly JsonEncodedText Query = JsonEncodedText.Encode("query");
    private static readonly JsonEncodedText Params = JsonEncodedText.Encode("params");
    private static readonly JsonEncodedText Headers = JsonEncodedText.Encode("headers");
    private static readonly JsonEncodedText Deadline = JsonEncodedText.Encode("deadline");
    private static readonly JsonEncodedText Attempt = JsonEncodedText.Encode("attempt");
    private static readonly JsonEncodedText TraceParent = JsonEncodedText.Encode("traceparent");
    private static readonly JsonEncodedText Body = JsonEncodedText.Encode("body");
    private static readonly JsonEncodedText References = JsonEncodedText.Encode("references");
    private static readonly JsonEncodedText Session = JsonEncodedText.Encode("session");
    private static readonly JsonEncodedText Inline = JsonEncodedText.Encode("inline");
    private static readonly JsonEncodedText Stream = JsonEncodedText.Encode("stream");

    private static readonly JsonEncodedText[] Triggers = [JsonEncodedText.Encode("http"), JsonEncodedText.Encode("websocket"), JsonEncodedText.Encode("invoke"), JsonEncodedText.Encode("call"), JsonEncodedText.Encode("dag"), JsonEncodedText.Encode("topic")];

    private static readonly JsonEncodedText[] Sessions =
    [
        JsonEncodedText.Encode("lww"), JsonEncodedText.Encode("repeatable-read"), JsonEncodedText.Encode("single-key"), JsonEncodedText.Encode("multi-key"), JsonEncodedText.Encode("causal"),
    ];

    [ThreadStatic]
    private static Scratch? _scratch;

    /// <summary>The header of one call; valid until this thread writes the next one.</summary>
    /// <param name="invocation">The call.</param>
    /// <param name="deadline">Unix milliseconds.</param>
    public static ReadOnlySpan<byte> Write(Invocation invocation, long deadline)
    {
        var scratch = _scratch ??= new Scratch();
        scratch.Buffer.ResetWrittenCount();
        var json = scratch.Json;
        json.Reset();
        json.WriteStartObject();
        Span<byte> id = stackalloc byte[InvocationId.TextLength];
        invocation.Id.Format(id);
        json.WriteString(Id, id);
        json.WriteString(TriggerName, Triggers[(int)invocation.Trigger]);
        json.WriteString(Method, invocation.Method);
        json.WriteString(Path, invocation.Path);
        if (invocation.Query.Length > 0)
        {
            json.WriteString(Query, invocation.Query);
        }

        if (invocation.Parameters.Count > 0)
        {
            json.WriteStartObject(Params);
            for (var i = 0; i < invocation.Parameters.Count; i++)
            {
                json.WriteString(invocation.Parameters[i].Key, invocation.Parameters[i].Value);
            }

            json.WriteEndObject();
        }

        if (invocation.Headers is { } headers)
        {
            json.WriteStartArray(Headers);
            headers.WriteHeaders(json);
            json.WriteEndArray();
        }

        json.WriteNumber(Deadline, deadline);
        if (invocation.Attempt > 1)
        {
            json.WriteNumber(Attempt, invocation.Attempt);
        }

        if (invocation.TraceParent is { } traceParent)
        {
            json.WriteString(TraceParent, traceParent);
        }

        if (invocation.References.Count > 0)
        {
            json.WriteStartArray(References);
            for (var i = 0; i < invocation.References.Count; i++)
            {
                json.WriteStringValue(invocation.References[i]);
            }

            json.WriteEndArray();
        }

        if (invocation.Session is { } session)
        {
            json.WriteString(Session, Sessions[(int)session.Consistency]);
        }

        if (invocation.BodyStream is not null)
        {
            json.WriteString(Body, Stream);
        }
        else if (!invocation.Body.IsEmpty)
        {
            json.WriteString(Body, Inline);
        }

        json.WriteEndObject();
        json.Flush();
        return scratch.Buffer.WrittenSpan;
    }

    private sealed class Scratch
    {
        public Scratch()
        {
            Buffer = new ArrayBufferWriter<byte>(2048);

            // The reader is a JSON parser, never a web page: only what JSON itself demands is escaped.
            Json = new Utf8JsonWriter(Buffer, new JsonWriterOptions { SkipValidation = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        }

        public ArrayBufferWriter<byte> Buffer { get; }

        public Utf8JsonWriter Json { get; }
    }
}
