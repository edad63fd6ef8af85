namespace Virga.Control.Api;

/// <summary>The body of a rollback.</summary>
public sealed record RollbackRequest
{
    /// <summary>The version to go back to; null for the one before the live one.</summary>
    public int? Version { get; init; }
}
