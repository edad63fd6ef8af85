using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Virga.Cli.Topics;

/// <summary>Prints a message: what it carries, on a line of its own; for programs all that is said of it.</summary>
internal static class MessagePrinter
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task PrintAsync(CommandScope scope, JsonObject message)
    {
        if (!scope.Results.IsTable)
        {
            scope.Results.StreamItem(message);
            return;
        }

        if (message["base64"] is { } bytes)
        {
            await using var output = scope.Terminal.OpenOutput();
            await output.WriteAsync(Convert.FromBase64String(bytes.ToString()), scope.Cancellation);
            await output.WriteAsync("\n"u8.ToArray(), scope.Cancellation);
            return;
        }

        // A text as it is, everything else as the JSON that it is.
        var value = message["value"];
        await scope.Terminal.Out.WriteLineAsync(value is JsonValue text && text.GetValueKind() == JsonValueKind.String ? text.ToString() : value?.ToJsonString(Readable) ?? "null");
        await scope.Terminal.Out.FlushAsync(scope.Cancellation);
    }
}
