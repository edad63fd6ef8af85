using Virga.Core.Invocations;

namespace Virga.Telemetry.Usage;

/// <summary>Which usage records of a function are wanted.</summary>
public sealed record UsageQuery
{
    /// <summary>The greatest <see cref="Limit"/>.</summary>
    public const int MaxLimit = 1000;

    /// <summary>Those that ended so only.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>Those that ended in a problem only.</summary>
    public bool OnlyFailures { get; init; }

    /// <summary>Those made from this time on.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How many at most: the newest ones.</summary>
    public int Limit { get; init; } = 50;
}
