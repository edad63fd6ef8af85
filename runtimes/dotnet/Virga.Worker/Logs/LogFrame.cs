using System.Text;
using System.Text.Json;
using Virga.Functions;
using Virga.Worker.Channel;

namespace Virga.Worker.Logs;

/// <summary>Sends log lines to the node.</summary>
internal static class LogFrame
{
    /// <summary>In characters; as UTF-8 it stays below the size at which the node cuts.</summary>
    public const int GreatestText = 16 * 1024;

    public static void Send(FrameWriter writer, uint call, LogLevel level, ReadOnlySpan<char> text, object? fields = null)
    {
        FrameBuffer frame = writer.Begin(FrameKind.Log, call);
        if (level != LogLevel.Info || fields is not null)
        {
            WriteHeader(frame.Json(), level, fields);
        }

        frame.EndHeader();
        Encoding.UTF8.GetBytes(text, frame);
        writer.Send(frame);
    }

    private static void WriteHeader(Utf8JsonWriter json, LogLevel level, object? fields)
    {
        json.WriteStartObject();
        json.WriteString("level"u8, level switch
        {
            LogLevel.Debug => "debug"u8,
            LogLevel.Warn => "warn"u8,
            LogLevel.Error => "error"u8,
            _ => "info"u8,
        });
        if (fields is not null)
        {
            json.WritePropertyName("fields"u8);
            JsonSerializer.Serialize(json, fields, FunctionJson.TypeInfo(fields.GetType()));
        }

        json.WriteEndObject();
    }
}
