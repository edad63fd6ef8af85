using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Virga.Cli.Client;

namespace Virga.Cli.State;

/// <summary><c>virga state get KEY</c>: prints a value as it is, or with all that is said of it.</summary>
internal static class GetCommand
{
    public static Command Make(CommandFactory factory)
    {
        var key = StateCommands.KeyArgument();
        return factory.Make("get", "Print what a key holds", [key], async scope =>
        {
            using var response = await new StateClient(scope.Client).GetAsync(scope.Get(key), scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(await DescribeAsync(scope.Get(key), response, scope.Cancellation));
                return ExitCode.Ok;
            }

            if (Header(response, "Virga-State-Siblings") is { } siblings)
            {
                scope.Note($"{siblings} versions were written at the same time; this is all of them.");
            }

            await using (var output = scope.Terminal.OpenOutput())
            {
                await AnswerReader.CopyAsync(response, output, Answering.Node, scope.Cancellation);
            }

            if (scope.Terminal.IsOutputInteractive)
            {
                await scope.Terminal.Out.WriteLineAsync();
            }

            return ExitCode.Ok;
        });
    }

    private static async Task<JsonObject> DescribeAsync(string key, HttpResponseMessage response, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        await AnswerReader.CopyAsync(response, buffer, Answering.Node, cancellation);
        var bytes = buffer.ToArray();
        var (content, value) = response.Content.Headers.ContentType?.MediaType switch
        {
            "application/json" => ("json", JsonNode.Parse(bytes)),
            "text/plain" => ("text", (JsonNode?)JsonValue.Create(Encoding.UTF8.GetString(bytes))),
            _ => ("bytes", new JsonObject { ["bytes"] = Convert.ToBase64String(bytes) }),
        };
        var document = new JsonObject
        {
            ["key"] = key,
            ["kind"] = Header(response, "Virga-State-Kind"),
            ["version"] = response.Headers.ETag?.Tag.Trim('"'),
            ["content"] = content,
            ["value"] = value,
        };
        if (Header(response, "Virga-State-Expires") is { } expires)
        {
            document["expires"] = expires;
        }

        if (Header(response, "Virga-State-Siblings") is { } siblings)
        {
            document["siblings"] = int.Parse(siblings, CultureInfo.InvariantCulture);
        }

        return document;
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}
