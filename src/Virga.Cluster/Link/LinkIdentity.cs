using Virga.Core.Names;

namespace Virga.Cluster.Link;

/// <summary>Who is at one end of a connection.</summary>
/// <param name="Name">The node.</param>
/// <param name="Incarnation">Which run of it.</param>
internal readonly record struct LinkIdentity(NodeName Name, long Incarnation);
