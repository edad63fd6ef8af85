using Virga.Core.Names;

namespace Virga.Telemetry.Metering;

/// <summary>Which usage is wanted, and how it is grouped.</summary>
public sealed record UsageReportQuery
{
    /// <summary>What a row stands for.</summary>
    public UsageGrouping By { get; init; }

    /// <summary>From the hour on that this lies in.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Up to this: the hour that it lies in is included, unless it is its very beginning.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>Of one tenant only.</summary>
    public ResourceName? Tenant { get; init; }

    /// <summary>Of one namespace only.</summary>
    public ResourceName? Namespace { get; init; }

    /// <summary>Of functions of this name only.</summary>
    public ResourceName? Function { get; init; }
}
