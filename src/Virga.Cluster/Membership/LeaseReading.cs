namespace Virga.Cluster.Membership;

/// <summary>What one renewal found.</summary>
/// <param name="IsHeld">Whether the node's own lease had not run out, and was renewed.</param>
/// <param name="Clock">The database's clock.</param>
/// <param name="Rows">All leases, also those that have run out. A node that has left has none.</param>
internal sealed record LeaseReading(bool IsHeld, DateTimeOffset Clock, IReadOnlyList<LeaseRow> Rows);
