using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Virga.Topics.Api;

/// <summary>Answers with JSON.</summary>
internal static class TopicAnswer
{
    // The text is JSON by its content type and never stands in a page, so that quotes may stay readable.
    public static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task SendAsync(HttpContext http, JsonNode document, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter, Readable);
        document.WriteTo(json);
        await json.FlushAsync(http.RequestAborted);
    }
}
