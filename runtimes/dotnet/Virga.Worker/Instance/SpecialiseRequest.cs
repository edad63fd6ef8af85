using System.Text.Json.Serialization;

namespace Virga.Worker.Instance;

/// <summary>The header of SPECIALISE: which function this instance becomes.</summary>
internal sealed record SpecialiseRequest
{
    public string Tenant { get; init; } = string.Empty;

    public string Namespace { get; init; } = string.Empty;

    public string Function { get; init; } = string.Empty;

    public int Version { get; init; }

    public string Root { get; init; } = string.Empty;

    public string Handler { get; init; } = string.Empty;

    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    public int Concurrency { get; init; } = 1;

    public string RequestBody { get; init; } = "buffered";

    /// <summary>The instance's limit in bytes.</summary>
    public long Memory { get; init; } = 128 * 1024 * 1024;

    /// <summary>The name of the node.</summary>
    public string Node { get; init; } = string.Empty;

    /// <summary>Whether this instance may be cloned.</summary>
    public bool Snapshot { get; init; }

    [JsonIgnore]
    public bool StreamsBodies => string.Equals(RequestBody, "stream", StringComparison.Ordinal);
}
