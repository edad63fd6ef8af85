using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Pulsar.WebSockets;

namespace Virga.Pulsar.Admin;

/// <summary>Answers with JSON.</summary>
internal static class AdminAnswer
{
    public static async Task SendAsync(HttpContext http, JsonNode? document, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(document, SocketJson.Default.JsonNode), http.RequestAborted);
    }

    /// <summary>Done, with nothing to say.</summary>
    public static Task DoneAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
}
