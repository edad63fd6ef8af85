namespace Virga.Cluster.Membership;

/// <summary>The times of membership.</summary>
public sealed record LeaseSettings
{
    /// <summary>How long a node counts as alive after it last said so.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often it says so.</summary>
    public TimeSpan Renewal { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How much longer than its lease a node that cannot renew it considers itself a member: what its clock may be slower, and what an answer takes.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The first wait after a renewal that failed; it doubles up to <see cref="Renewal"/>.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The least time between two looks at the leases, whatever happens.</summary>
    public TimeSpan LeastPause { get; init; } = TimeSpan.FromMilliseconds(50);
}
