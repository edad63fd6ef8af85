namespace Virga.Cluster;

/// <summary>A node of the cluster as it last said of itself.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Status"><c>alive</c>; <c>starting</c> before it takes part and <c>draining</c> after; <c>gone</c> when its lease has run out.</param>
/// <param name="Incarnation">Which run of it.</param>
/// <param name="Address">Where other nodes connect to it.</param>
/// <param name="Gateway">Where it serves functions.</param>
/// <param name="Admin">Where its control API is.</param>
/// <param name="Load">Which part of its processors is in use, 0 to 1.</param>
/// <param name="LeaseSeconds">How long its lease still lasted when it was read; negative when it had run out.</param>
/// <param name="ClockOffsetMilliseconds">How far its clock is behind the database's; negative when it is ahead.</param>
/// <param name="StartedAt">When this run of it began, by the database's clock.</param>
/// <param name="Version">Its version of Virga.</param>
/// <param name="IsSelf">Whether it is the node that was asked.</param>
public sealed record ClusterNodeStatus(
    string Name, string Status, long Incarnation, string Address, string Gateway, string Admin, double Load, double LeaseSeconds, double ClockOffsetMilliseconds, DateTimeOffset StartedAt, string Version, bool IsSelf);
