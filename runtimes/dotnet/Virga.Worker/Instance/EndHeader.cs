namespace Virga.Worker.Instance;

/// <summary>The header of END: how a WebSocket was closed, or why a body broke off.</summary>
internal sealed record EndHeader(int? Code, string? Reason, EndHeader.Failure? Error)
{
    public static EndHeader Empty { get; } = new(null, null, null);

    internal sealed record Failure(string? Message);
}
