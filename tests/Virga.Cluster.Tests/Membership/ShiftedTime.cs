namespace Virga.Cluster.Tests.Membership;

/// <summary>A clock that runs evenly and shows a wrong time.</summary>
internal sealed class ShiftedTime(TimeSpan shift) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
}
