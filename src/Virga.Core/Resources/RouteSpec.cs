namespace Virga.Core.Resources;

/// <summary>Which HTTP requests call which function.</summary>
public sealed record RouteSpec
{
    /// <summary>Upper-case methods; empty means every method.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>Host name that the request must have; null means any.</summary>
    public string? Host { get; init; }

    /// <summary>Path template: <c>/users/{id}</c>, <c>/files/{*rest}</c>.</summary>
    public required string Path { get; init; }

    /// <summary><c>name</c>, <c>name:alias</c> or <c>name:version</c> of a function in the route's namespace, or <c>dag:name</c> of a DAG.</summary>
    public required string Function { get; init; }

    /// <summary>Cross-origin rules; null means that the function answers preflight requests itself.</summary>
    public CorsSpec? Cors { get; init; }
}
