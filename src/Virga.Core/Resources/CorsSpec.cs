namespace Virga.Core.Resources;

/// <summary>Which web pages of other origins may call a route (the Fetch standard's CORS protocol).</summary>
public sealed record CorsSpec
{
    /// <summary>Origins such as <c>https://example.org</c>; <c>*</c> is any.</summary>
    public required IReadOnlyList<string> Origins { get; init; }

    /// <summary>Request headers that a page may send; <c>*</c> is any.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>Response headers that a page may read.</summary>
    public IReadOnlyList<string> ExposedHeaders { get; init; } = [];

    /// <summary>Whether cookies may be sent; not with the origin <c>*</c>.</summary>
    public bool Credentials { get; init; }

    /// <summary>How long a browser may remember a preflight's answer.</summary>
    public Duration MaxAge { get; init; } = Duration.FromSeconds(600);
}
