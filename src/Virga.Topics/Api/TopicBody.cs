using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Topics.Api;

/// <summary>Reads the bodies of requests.</summary>
internal static class TopicBody
{
    private const int MaxJsonBytes = 1 << 20;

    /// <summary>The whole body, of at most so many bytes.</summary>
    /// <exception cref="ProblemException"><c>message-too-large</c>.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpContext http, int most)
    {
        LiftLimit(http);
        if (http.Request.ContentLength > most)
        {
            throw TooLarge($"{http.Request.ContentLength:N0}", most);
        }

        using var buffer = new MemoryStream((int)(http.Request.ContentLength ?? 0));
        var block = new byte[16 * 1024];
        while (await http.Request.Body.ReadAsync(block, http.RequestAborted) is > 0 and var length)
        {
            if (buffer.Length + length > most)
            {
                throw TooLarge($"more than {most:N0}", most);
            }

            buffer.Write(block, 0, length);
        }

        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    /// <summary>The body as a JSON object; an empty one where there is no body.</summary>
    /// <exception cref="ProblemException"><c>invalid-body</c>.</exception>
    public static async ValueTask<JsonObject> ReadObjectAsync(HttpContext http)
    {
        var bytes = await ReadAsync(http, MaxJsonBytes);
        if (bytes.IsEmpty)
        {
            return [];
        }

        try
        {
            return JsonNode.Parse(bytes.Span) as JsonObject ?? throw new ProblemException(KnownProblems.InvalidBody("The body is no JSON object."));
        }
        catch (JsonException e)
        {
            throw new ProblemException(KnownProblems.InvalidBody($"The body is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."), e);
        }
    }

    /// <summary>Refuses a body that has anything else: a misspelt member would be passed over in silence.</summary>
    public static void AllowOnly(JsonObject body, string member)
    {
        foreach (var (name, _) in body)
        {
            if (name != member)
            {
                throw TopicRequest.Invalid($"The body has '{ResourceName.Shorten(name)}', which is not known here.", $"Only '{member}' may be in it.");
            }
        }
    }

    /// <summary>A text of a body; null where it is missing.</summary>
    public static string? Text(JsonObject body, string member) => body[member] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw TopicRequest.Invalid($"'{member}' of the body is no text.", "Write it in quotes."),
    };

    /// <summary>A whole number of a body; null where it is missing.</summary>
    public static int? Number(JsonObject body, string member) => body[member] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<int>(out var number) => number,
        _ => throw TopicRequest.Invalid($"'{member}' of the body is no whole number.", "Write it as a number."),
    };

    /// <summary>A truth of a body; false where it is missing.</summary>
    public static bool Flag(JsonObject body, string member) => body[member] switch
    {
        null => false,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        _ => throw TopicRequest.Invalid($"'{member}' of the body is neither true nor false.", "Write true or false."),
    };

    /// <summary>Takes the server's limit of bodies away: whoever calls this counts by itself.</summary>
    public static void LiftLimit(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }
    }

    private static ProblemException TooLarge(string bytes, int most) => new(KnownProblems.MessageTooLarge($"The body has {bytes} bytes; {most:N0} are allowed."));
}
