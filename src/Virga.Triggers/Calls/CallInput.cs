using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Topics.Messages;
using Virga.Triggers.Dispatching;

namespace Virga.Triggers.Calls;

/// <summary>Makes the invocation of a trigger's function: one message is the body itself, several are a JSON array of them.</summary>
internal static class CallInput
{
    private const string TraceProperty = "traceparent";

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The invocation for messages.</summary>
    /// <param name="function">The function's version.</param>
    /// <param name="messages">The messages.</param>
    /// <param name="isBatch">Whether the function gets a list, be it of one.</param>
    /// <param name="timeout">How long it may take; null for the function's own timeout.</param>
    /// <param name="time">The clock.</param>
    public static Invocation Make(FunctionVersion function, List<HeldMessage> messages, bool isBatch, TimeSpan? timeout, TimeProvider time)
    {
        var first = messages[0];
        var message = first.Message;
        var body = isBatch ? Write(messages) : message.Payload;
        var isInline = body.Length <= Invocation.MaxInlineBody;
        var now = time.GetTimestamp();
        return new Invocation
        {
            Id = InvocationId.New(time),
            Function = function,
            Trigger = Trigger.Topic,
            Headers = isBatch ? new BatchHeaders(messages.Count) : new MessageHeaders(message, MessageContent.TypeOf(message.Properties, message.Payload.Span)),
            Body = isInline ? new ReadOnlySequence<byte>(body) : default,
            BodyStream = isInline ? null : PipeReader.Create(new ReadOnlySequence<byte>(body)),
            Affinity = function.Spec.Sticky == "header:" + MessageHeaders.Key ? message.Key : null,
            TraceParent = isBatch ? null : Trace(message),
            Attempt = first.Failures + 1,
            Deadline = timeout is { } span ? now + (long)(span.TotalSeconds * time.TimestampFrequency) : long.MaxValue,
            ReceivedAt = now,
        };
    }

    private static ReadOnlyMemory<byte> Write(List<HeldMessage> messages)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(output, Json);
        writer.WriteStartArray();
        for (var i = 0; i < messages.Count; i++)
        {
            MessageJson.Write(writer, messages[i].Message);
        }

        writer.WriteEndArray();
        writer.Flush();
        return output.WrittenMemory;
    }

    private static string? Trace(TopicMessage message)
    {
        for (var i = 0; i < message.Properties.Count; i++)
        {
            if (message.Properties[i].Key == TraceProperty)
            {
                return message.Properties[i].Value;
            }
        }

        return null;
    }
}
