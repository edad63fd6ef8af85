namespace Virga.Telemetry.Usage;

/// <summary>What a function has used since <see cref="Since"/>, on this node.</summary>
public sealed record FunctionStats
{
    /// <summary>When the counting began: the first call after the node's start, or after a long silence.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>All calls.</summary>
    public long Calls { get; init; }

    /// <summary>Calls that ended neither in an answer nor because the client went away.</summary>
    public long Errors { get; init; }

    /// <summary>Calls by outcome; only outcomes that occurred.</summary>
    public IReadOnlyDictionary<string, long> ByOutcome { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>How long callers waited, in milliseconds.</summary>
    public LatencyStats Latency { get; init; } = new(0, 0, 0, 0);

    /// <summary>Calls for which an instance had to be started or specialised.</summary>
    public long ColdStarts { get; init; }

    /// <summary>CPU time, in milliseconds.</summary>
    public double CpuMs { get; init; }

    /// <summary>Body bytes to the function.</summary>
    public long BytesIn { get; init; }

    /// <summary>Body bytes from the function.</summary>
    public long BytesOut { get; init; }
}
