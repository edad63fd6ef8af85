using System.Buffers;
using System.Text;
using System.Text.Json;
using Virga.Functions;
using Virga.Worker.Channel;

namespace Virga.Worker.Calls;

/// <summary>Turns what the handler returned into the frames of an answer.</summary>
internal static class Answer
{
    private const string PlainText = "text/plain; charset=utf-8";
    private const string OctetStream = "application/octet-stream";
    private const string Json = "application/json";
    private const string JsonLines = "application/x-ndjson";

    /// <summary>The head of a plain JSON answer that is too large for one frame.</summary>
    private static readonly Response JsonResponse = new();

    public static ValueTask SendAsync(Call call, object? value)
    {
        switch (value)
        {
            case Response response:
                return SendResponseAsync(call, response);
            case byte[] or ReadOnlyMemory<byte> or Memory<byte> or Stream:
                return SendResponseAsync(call, new Response { Body = value });
            case null or string:
                return SendJsonAsync(call, value);
        }

        if (AnonymousResponse.From(value) is { } anonymous)
        {
            return SendResponseAsync(call, anonymous);
        }

        return AsyncSequence.From(value) is null
            ? SendJsonAsync(call, value)
            : SendResponseAsync(call, new Response { Body = value });
    }

    private static ValueTask SendJsonAsync(Call call, object? value)
    {
        FrameBuffer frame = call.Writer.Begin(FrameKind.Result, call.Id);
        frame.EndHeader();
        WriteJson(call, frame, value);
        if (frame.BodyLength > FrameLimits.InlineBody)
        {
            return SendLongAsync(call, JsonResponse, Json, frame);
        }

        call.Writer.Send(frame);
        return ValueTask.CompletedTask;
    }

    private static ValueTask SendResponseAsync(Call call, Response response)
    {
        Check(response);
        switch (response.Body)
        {
            case Stream stream when !response.BodyIsJson:
                SendHead(call, response, OctetStream);
                return BodySender.SendAsync(call, stream);
            case { } body when !response.BodyIsJson && AsyncSequence.From(body) is { } sequence:
                SendHead(call, response, sequence.IsText ? PlainText : sequence.IsBytes ? OctetStream : JsonLines);
                return BodySender.SendAsync(call, sequence);
        }

        FrameBuffer content = call.Writer.Begin(FrameKind.Result, call.Id);
        content.EndHeader();
        string? contentType = WriteBody(call, content, response);
        if (content.BodyLength > FrameLimits.InlineBody)
        {
            return SendLongAsync(call, response, contentType, content);
        }

        FrameBuffer frame = call.Writer.Begin(FrameKind.Result, call.Id);
        WriteHead(frame, response, contentType, isStreamed: false);
        frame.Append(content.Body);
        call.Writer.Return(content);
        call.Writer.Send(frame);
        return ValueTask.CompletedTask;
    }

    private static async ValueTask SendLongAsync(Call call, Response response, string? contentType, FrameBuffer content)
    {
        byte[] bytes = content.Body.ToArray();
        call.Writer.Return(content);
        SendHead(call, response, contentType);
        using var stream = new MemoryStream(bytes, writable: false);
        await BodySender.SendAsync(call, stream);
    }

    private static string? WriteBody(Call call, FrameBuffer frame, Response response)
    {
        switch (response.Body)
        {
            case null when !response.BodyIsJson:
                return null;
            case string text when !response.BodyIsJson:
                Encoding.UTF8.GetBytes(text, frame);
                return PlainText;
            case byte[] bytes when !response.BodyIsJson:
                frame.Append(bytes);
                return OctetStream;
            case ReadOnlyMemory<byte> bytes when !response.BodyIsJson:
                frame.Append(bytes.Span);
                return OctetStream;
            case Memory<byte> bytes when !response.BodyIsJson:
                frame.Append(bytes.Span);
                return OctetStream;
            default:
                WriteJson(call, frame, response.Body);
                return Json;
        }
    }

    private static void WriteJson(Call call, FrameBuffer frame, object? value)
    {
        if (value is null)
        {
            frame.Append("null"u8);
            return;
        }

        try
        {
            Utf8JsonWriter json = frame.Json();
            JsonSerializer.Serialize(json, value, FunctionJson.TypeInfo(value.GetType()));
            json.Flush();
        }
        catch (Exception exception)
        {
            // The frame is half written: its buffer is not used again.
            throw new UnserialisableException(
                $"The handler returned a {value.GetType()} that has no JSON form: {exception.Message}",
                exception);
        }
    }

    private static void SendHead(Call call, Response response, string? contentType)
    {
        FrameBuffer frame = call.Writer.Begin(FrameKind.Result, call.Id);
        WriteHead(frame, response, contentType, isStreamed: true);
        call.Writer.Send(frame);
    }

    private static void WriteHead(FrameBuffer frame, Response response, string? contentType, bool isStreamed)
    {
        Utf8JsonWriter json = frame.Json();
        json.WriteStartObject();
        json.WriteNumber("status"u8, response.Status);
        json.WriteStartArray("headers"u8);
        if (contentType is not null && response.Headers["content-type"] is null)
        {
            WriteHeader(json, "content-type", contentType);
        }

        foreach ((string name, string value) in response.Headers)
        {
            WriteHeader(json, name.ToLowerInvariant(), value);
        }

        json.WriteEndArray();
        json.WriteString("body"u8, isStreamed ? "stream"u8 : "inline"u8);
        json.WriteEndObject();
        frame.EndHeader();
    }

    private static void WriteHeader(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartArray();
        json.WriteStringValue(name);
        json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void Check(Response response)
    {
        if (response.Status is < 200 or > 599)
        {
            throw new InvalidResponseException($"The response's status is {response.Status}; it must be 200 to 599.");
        }

        foreach ((string name, string? value) in response.Headers)
        {
            if (!HeaderSyntax.IsName(name))
            {
                throw new InvalidResponseException($"'{name}' is no name of a response header.");
            }

            if (value is null || !HeaderSyntax.IsValue(value))
            {
                throw new InvalidResponseException(
                    $"The response header '{name}' has no value that HTTP can carry: line breaks and NUL are not allowed.");
            }
        }
    }
}
