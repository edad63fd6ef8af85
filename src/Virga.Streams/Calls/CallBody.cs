using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Virga.Streams.Lanes;
using Virga.Streams.Windows;
using Virga.Topics.Messages;

namespace Virga.Streams.Calls;

/// <summary>What the function gets: a message's own payload; of a batch, an array of messages; of a window, an object with its span and its messages.</summary>
internal static class CallBody
{
    /// <summary>The body of a call for some works.</summary>
    /// <param name="works">One window, or messages.</param>
    /// <param name="isBatch">Whether the stream hands messages over as arrays.</param>
    public static ReadOnlyMemory<byte> Of(IReadOnlyList<StreamWork> works, bool isBatch)
    {
        if (works[0].Window is { } window)
        {
            return Write(writer => WriteWindow(writer, window));
        }

        return isBatch ? Write(writer => WriteMessages(writer, works)) : works[0].Messages[0].Message.Payload;
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(bytes))
        {
            write(writer);
        }

        return bytes.WrittenMemory;
    }

    private static void WriteMessages(Utf8JsonWriter writer, IReadOnlyList<StreamWork> works)
    {
        writer.WriteStartArray();
        foreach (var work in works)
        {
            MessageJson.Write(writer, work.Messages[0].Message);
        }

        writer.WriteEndArray();
    }

    private static void WriteWindow(Utf8JsonWriter writer, ClosedWindow<StreamMessage> window)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("window");
        if (window.Key.Length > 0)
        {
            writer.WriteString("key", window.Key);
        }

        WriteTime(writer, "start", window.Span.Start);
        WriteTime(writer, "end", window.Span.End);
        writer.WriteEndObject();
        writer.WriteStartArray("messages");
        foreach (var message in window.Messages)
        {
            MessageJson.Write(writer, message.Message);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter writer, string name, long milliseconds) =>
        writer.WriteString(name, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
}
