using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Pulsar.Admin;

/// <summary>Reads requests of the admin API.</summary>
internal static class AdminRequest
{
    private const int MaxBody = 1 << 20;

    /// <summary>A part of the path.</summary>
    public static string Part(HttpContext http, string name) => ((string?)http.GetRouteValue(name) ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    /// <summary>A number in the path.</summary>
    public static long Number(HttpContext http, string name) => long.TryParse(Part(http, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw Invalid($"'{ResourceName.Shorten(Part(http, name))}' in the path is no number.");

    /// <summary>A truth of a parameter.</summary>
    public static bool Flag(HttpContext http, string name) => string.Equals(http.Request.Query[name].ToString(), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The body as JSON; null where there is none.</summary>
    public static async ValueTask<JsonNode?> BodyAsync(HttpContext http)
    {
        if (http.Request.ContentLength > MaxBody)
        {
            throw Invalid($"The body has more than {MaxBody} bytes.");
        }

        using var reader = new StreamReader(http.Request.Body);
        var buffer = new char[MaxBody + 1];
        var length = await reader.ReadBlockAsync(buffer, http.RequestAborted);
        if (length > MaxBody)
        {
            throw Invalid($"The body has more than {MaxBody} characters.");
        }

        var text = new string(buffer, 0, length).Trim();
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // A word alone, as the command line of Pulsar sends some.
            return JsonValue.Create(text);
        }
    }

    /// <summary>A message's id in a body: <c>{"ledgerId","entryId","partitionIndex","batchIndex"}</c>, <c>earliest</c> or <c>latest</c>.</summary>
    public static MessageId? MessageId(JsonNode? body) => body switch
    {
        JsonObject id when id["ledgerId"] is { } ledger && id["entryId"] is { } entry => new MessageId(new Position(Long(ledger), Long(entry)), id["partitionIndex"] is { } partition ? (int)Long(partition) : -1),
        JsonValue value when value.ToString() == "earliest" => new MessageId(Position.Earliest),
        JsonValue value when value.ToString() == "latest" => new MessageId(Position.Latest),
        null => null,
        _ => throw Invalid("The body is no id of a message."),
    };

    /// <summary>A message's id as the admin API writes it.</summary>
    public static JsonObject Write(MessageId id) => new() { ["ledgerId"] = id.Position.Ledger, ["entryId"] = id.Position.Entry, ["partitionIndex"] = id.Partition };

    /// <summary>A whole number of JSON.</summary>
    public static long Long(JsonNode? node) => long.TryParse(node?.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw Invalid("The body has no number where one belongs.");

    /// <summary>400.</summary>
    public static ProblemException Invalid(string detail) => new(KnownProblems.InvalidRequest(detail, "See Pulsar's admin API, as far as docs/pulsar.md says."));
}
