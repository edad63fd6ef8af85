namespace Virga.Control.Functions;

/// <summary>The body of a request that scales a function; what is null stays as it is.</summary>
public sealed record ScaleRequest
{
    /// <summary>Instances that are there even without calls; more than 0 needs the executor <c>dedicated</c>.</summary>
    public int? Min { get; init; }

    /// <summary>Instances that there may be at a time.</summary>
    public int? Max { get; init; }

    /// <summary>Which part of the instances' concurrency is aimed to be in use, above 0 and at most 1.</summary>
    public double? Target { get; init; }

    /// <summary>The version that the resource must have now; absent when that does not matter.</summary>
    public long? Version { get; init; }
}
