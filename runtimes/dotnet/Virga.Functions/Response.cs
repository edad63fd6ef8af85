namespace Virga.Functions;

/// <summary>An answer with a status, headers and a body of its own.</summary>
/// <remarks>
/// A body is sent by what it is: text as <c>text/plain; charset=utf-8</c>, bytes and streams as
/// <c>application/octet-stream</c>, an async sequence piece by piece, and any other object as JSON; a <c>content-type</c> in
/// <see cref="Headers"/> wins.
/// </remarks>
public sealed class Response
{
    /// <summary>The HTTP status, 200 to 599.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The headers; a name may be added more than once.</summary>
    public HeaderCollection Headers { get; init; } = [];

    /// <summary>The body; <see langword="null"/> for none.</summary>
    public object? Body { get; init; }

    /// <summary>The body is JSON whatever its type: a string is sent in quotes, nothing as <c>null</c>.</summary>
    internal bool BodyIsJson { get; private init; }

    /// <summary>An answer of that value as JSON.</summary>
    /// <param name="value">The value.</param>
    /// <param name="status">The HTTP status.</param>
    public static Response Json(object? value, int status = 200) => new() { Status = status, Body = value, BodyIsJson = true };

    /// <summary>An answer of text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="contentType">The content type.</param>
    public static Response Text(string text, int status = 200, string contentType = "text/plain; charset=utf-8") =>
        new() { Status = status, Body = text, Headers = { { "content-type", contentType } } };

    /// <summary>An answer of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="contentType">The content type.</param>
    /// <param name="status">The HTTP status.</param>
    public static Response Bytes(byte[] bytes, string contentType = "application/octet-stream", int status = 200) =>
        new() { Status = status, Body = bytes, Headers = { { "content-type", contentType } } };

    /// <summary>An answer without a body.</summary>
    /// <param name="status">The HTTP status.</param>
    public static Response Empty(int status = 204) => new() { Status = status };

    /// <summary>Sends the client elsewhere.</summary>
    /// <param name="location">Where to.</param>
    /// <param name="status">The HTTP status: 301, 302, 303, 307 or 308.</param>
    public static Response Redirect(string location, int status = 302) =>
        new() { Status = status, Headers = { { "location", location } } };
}
