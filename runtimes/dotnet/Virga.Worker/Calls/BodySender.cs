using System.Text;
using System.Text.Json;
using Virga.Functions;
using Virga.Worker.Channel;

namespace Virga.Worker.Calls;

/// <summary>Sends a streamed body as fast as the node takes it.</summary>
internal static class BodySender
{
    /// <summary>Sends a stream to its end and disposes of it.</summary>
    public static ValueTask SendAsync(Call call, Stream stream) => EndAfterAsync(call, CopyAsync(call, stream));

    /// <summary>Sends a sequence: text and bytes as they are, anything else as a line of JSON.</summary>
    public static ValueTask SendAsync(Call call, AsyncSequence sequence) => EndAfterAsync(call, CopyAsync(call, sequence));

    private static async ValueTask EndAfterAsync(Call call, Task copy)
    {
        CallError? error = null;
        try
        {
            await copy;
        }
        catch (Exception exception)
        {
            // The head is sent: only a broken body can tell the client now.
            error = CallError.From(exception);
        }

        FrameBuffer end = call.Writer.Begin(FrameKind.End, call.Id);
        if (error is not null)
        {
            Utf8JsonWriter json = end.Json();
            json.WriteStartObject();
            json.WritePropertyName("error"u8);
            error.WriteTo(json);
            json.WriteEndObject();
            end.EndHeader();
        }

        call.Writer.Send(end);
    }

    private static async Task CopyAsync(Call call, Stream stream)
    {
        await using (stream)
        {
            while (true)
            {
                int granted = await call.Credit.TakeAsync(1, FrameLimits.StreamedBody, call.CancellationToken);
                FrameBuffer frame = call.Writer.Begin(FrameKind.Body, call.Id);
                int count = await stream.ReadAsync(frame.GetMemory(granted)[..granted], call.CancellationToken);
                call.Credit.Add(granted - count);
                if (count == 0)
                {
                    call.Writer.Return(frame);
                    return;
                }

                frame.Advance(count);
                call.Writer.Send(frame);
            }
        }
    }

    private static async Task CopyAsync(Call call, AsyncSequence sequence)
    {
        await foreach (object? item in sequence.ItemsAsync(call.CancellationToken))
        {
            ReadOnlyMemory<byte> piece = Encode(item);
            while (!piece.IsEmpty)
            {
                int count = await call.Credit.TakeAsync(
                    1,
                    Math.Min(piece.Length, FrameLimits.StreamedBody),
                    call.CancellationToken);
                FrameBuffer frame = call.Writer.Begin(FrameKind.Body, call.Id);
                frame.Append(piece.Span[..count]);
                call.Writer.Send(frame);
                piece = piece[count..];
            }
        }
    }

    private static ReadOnlyMemory<byte> Encode(object? item)
    {
        switch (item)
        {
            case string text:
                return Encoding.UTF8.GetBytes(text);
            case byte[] bytes:
                return bytes;
            case ReadOnlyMemory<byte> bytes:
                return bytes;
        }

        byte[] json = item is null
            ? "null"u8.ToArray()
            : JsonSerializer.SerializeToUtf8Bytes(item, FunctionJson.TypeInfo(item.GetType()));
        Array.Resize(ref json, json.Length + 1);
        json[^1] = (byte)'\n';
        return json;
    }
}
