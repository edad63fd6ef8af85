using System.Collections.Frozen;
using Virga.Core.Names;

namespace Virga.Core.Nodes;

/// <summary>The nodes that are alive, as one node sees them at a moment.</summary>
/// <param name="Number">Grows with every change on this node; says nothing across nodes.</param>
/// <param name="Members">The nodes, in ordinal order of their names.</param>
public sealed record ClusterView(long Number, IReadOnlyList<ClusterMember> Members)
{
    private readonly FrozenDictionary<NodeName, ClusterMember> _byName = Members.ToFrozenDictionary(static member => member.Name);

    /// <summary>Whether a node is alive.</summary>
    public bool Contains(NodeName node) => _byName.ContainsKey(node);

    /// <summary>A node; null when it is not alive.</summary>
    public ClusterMember? Find(NodeName node) => _byName.GetValueOrDefault(node);
}
