using Virga.Core.Names;

namespace Virga.Cluster.Membership;

/// <summary>One node's lease.</summary>
/// <param name="Name">The node.</param>
/// <param name="Incarnation">Which run of it.</param>
/// <param name="Remaining">How long the lease still lasts, by the database's clock; not positive when it has run out.</param>
/// <param name="StartedAt">When this run began, by the database's clock.</param>
/// <param name="Report">What the node last said of itself.</param>
internal sealed record LeaseRow(NodeName Name, long Incarnation, TimeSpan Remaining, DateTimeOffset StartedAt, NodeReport Report);
