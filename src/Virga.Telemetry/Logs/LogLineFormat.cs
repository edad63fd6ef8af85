using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Virga.Core.Logging;
using Virga.Core.Names;

namespace Virga.Telemetry.Logs;

/// <summary>A log line as JSON: what stands in the files is what the API sends.</summary>
internal static class LogLineFormat
{
    /// <summary>The greatest length of a line's text, and of its fields, in bytes of UTF-8; the rest is cut off.</summary>
    public const int MaxText = 16 * 1024;

    // Time, names, ids and punctuation of one line.
    private const int Envelope = 256;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        // The files are read by people too, and no part of them is ever put into HTML as it is.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>About how much memory and disk a line takes, in bytes.</summary>
    public static int Weigh(FunctionLogLine line) => Envelope + line.Message.Length + (line.Fields?.Length ?? 0);

    /// <summary>The line with its text no longer than <see cref="MaxText"/>.</summary>
    public static FunctionLogLine Cut(FunctionLogLine line)
    {
        if (line.Message.Length > MaxText / 3 && Encoding.UTF8.GetByteCount(line.Message) is var bytes and > MaxText)
        {
            line = line with { Message = $"{Head(line.Message)}… ({bytes} bytes, cut)" };
        }

        return line.Fields is { Length: > MaxText } fields
            ? line with { Fields = null, Message = $"{line.Message} (fields of {fields.Length} characters left out)" }
            : line;
    }

    /// <summary>Appends the line's JSON and a line end.</summary>
    public static void Write(IBufferWriter<byte> output, FunctionLogLine line)
    {
        using (var json = new Utf8JsonWriter(output, WriterOptions))
        {
            Span<byte> id = stackalloc byte[InvocationId.TextLength];
            json.WriteStartObject();
            json.WriteString("time"u8, line.Time.UtcDateTime);
            json.WriteString("function"u8, line.Function.Name.ToString());
            json.WriteNumber("version"u8, line.Function.Version);
            json.WriteString("instance"u8, line.Instance);
            if (line.Invocation is { } invocation)
            {
                invocation.Format(id);
                json.WriteString("invocation"u8, id);
            }

            json.WriteString("level"u8, LevelName(line.Level));
            json.WriteString("message"u8, line.Message);
            WriteFields(json, line.Fields);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>The name of a level in files and in the API.</summary>
    public static ReadOnlySpan<byte> LevelName(FunctionLogLevel level) => level switch
    {
        FunctionLogLevel.Debug => "debug"u8,
        FunctionLogLevel.Info => "info"u8,
        FunctionLogLevel.Warn => "warn"u8,
        FunctionLogLevel.Error => "error"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    /// <summary>Reads what <see cref="LevelName"/> gives.</summary>
    public static bool TryParseLevel(ReadOnlySpan<byte> name, out FunctionLogLevel level)
    {
        for (level = FunctionLogLevel.Debug; level <= FunctionLogLevel.Error; level++)
        {
            if (name.SequenceEqual(LevelName(level)))
            {
                return true;
            }
        }

        return false;
    }

    private static void WriteFields(Utf8JsonWriter json, string? fields)
    {
        if (fields is null)
        {
            return;
        }

        json.WritePropertyName("fields"u8);
        try
        {
            // JSON has raw line ends between its tokens only, so that this changes no value.
            json.WriteRawValue(fields.Replace('\n', ' ').Replace('\r', ' '));
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // The user's logger made it: it is kept as the text that it is.
            json.WriteStringValue(fields);
        }
    }

    private static string Head(string text)
    {
        var length = 0;
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxText)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }
}
