using Virga.Core.Names;

namespace Virga.Core.Nodes;

/// <summary>One node that is alive.</summary>
/// <param name="Name">Its name, one node's at a time.</param>
/// <param name="Incarnation">Which run of it: a node that restarts gets a greater one.</param>
/// <param name="Address">Where other nodes reach it, <c>host:port</c>; empty for a node alone.</param>
/// <param name="Load">Which part of its processors is in use, 0 to 1, as it last said.</param>
public sealed record ClusterMember(NodeName Name, long Incarnation, string Address, double Load);
