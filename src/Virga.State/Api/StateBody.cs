using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Lattices;

namespace Virga.State.Api;

/// <summary>Reads the bodies of requests.</summary>
internal static class StateBody
{
    private const int FirstBytes = 16 * 1024;

    /// <summary>The body as a value: JSON, text or bytes, as its content type says.</summary>
    /// <exception cref="ProblemException"><c>value-too-large</c>, <c>invalid-body</c>, <c>unsupported-media-type</c>.</exception>
    public static async ValueTask<Payload> ReadValueAsync(HttpContext http)
    {
        var tag = Tag(http.Request.ContentType);
        var (bytes, length) = await ReadAsync(http, tag);
        var content = bytes.AsMemory(1, length - 1);
        switch (tag)
        {
            case PayloadTag.Json:
                RequireJson(content.Span);
                break;
            case PayloadTag.Text when !Utf8.IsValid(content.Span):
                throw new ProblemException(KnownProblems.InvalidBody("The body is no UTF-8 text."));
        }

        return new Payload(bytes.AsMemory(0, length));
    }

    /// <summary>The body as JSON that says what to do, whatever its content type; whoever reads it finds out whether it is that.</summary>
    /// <exception cref="ProblemException"><c>value-too-large</c>.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadJsonAsync(HttpContext http)
    {
        var (bytes, length) = await ReadAsync(http, PayloadTag.Json);
        return bytes.AsMemory(1, length - 1);
    }

    /// <summary>Takes the server's limit of bodies away: whoever calls this counts by itself.</summary>
    public static void LiftLimit(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }
    }

    private static PayloadTag Tag(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType))
        {
            return PayloadTag.Bytes;
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            throw new ProblemException(KnownProblems.UnsupportedMediaType($"The content type '{ResourceName.Shorten(contentType)}' cannot be read.", "Send application/json, text/plain or application/octet-stream."));
        }

        // A form is what curl says of --data when it is told nothing: the user means the text.
        var isText = type.Type.Equals("text", StringComparison.OrdinalIgnoreCase) || type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);
        var isJson = type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase);
        if ((isText || isJson) && type.Charset.HasValue && !type.Charset.Value.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(KnownProblems.UnsupportedMediaType($"The charset '{ResourceName.Shorten(type.Charset.Value)}' is not read here.", "Send UTF-8, or application/octet-stream to store the bytes as they are."));
        }

        return isJson ? PayloadTag.Json : isText ? PayloadTag.Text : PayloadTag.Bytes;
    }

    // The tag's byte stands before the content already, so that a value of many megabytes is not copied to get it there.
    private static async ValueTask<(byte[] Bytes, int Length)> ReadAsync(HttpContext http, PayloadTag tag)
    {
        LiftLimit(http);
        var announced = http.Request.ContentLength;
        if (announced > Payload.MaxBytes - 1)
        {
            throw TooLarge(announced.Value);
        }

        var bytes = new byte[(int)(announced ?? FirstBytes) + 1];
        bytes[0] = (byte)tag;
        var length = 1;
        while (true)
        {
            if (length == bytes.Length)
            {
                if (announced is not null)
                {
                    return (bytes, length);
                }

                // One byte beyond the limit is read to know that there is one.
                Array.Resize(ref bytes, Math.Min(bytes.Length * 4, Payload.MaxBytes + 1));
            }

            var read = await http.Request.Body.ReadAsync(bytes.AsMemory(length), http.RequestAborted);
            if (read == 0)
            {
                return (bytes, length);
            }

            length += read;
            if (length > Payload.MaxBytes)
            {
                throw TooLarge(null);
            }
        }
    }

    private static void RequireJson(ReadOnlySpan<byte> content)
    {
        var reader = new Utf8JsonReader(content);
        try
        {
            while (reader.Read())
            {
            }
        }
        catch (JsonException e)
        {
            throw new ProblemException(KnownProblems.InvalidBody($"The body is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."), e);
        }
    }

    private static ProblemException TooLarge(long? length) =>
        new(KnownProblems.ValueTooLarge(length is { } bytes ? $"The body has {bytes:N0} bytes; {Payload.MaxBytes - 1:N0} are allowed." : $"The body has more than {Payload.MaxBytes - 1:N0} bytes."));
}
