using Virga.Core.Names;

namespace Virga.Core.Nodes;

/// <summary>Another node did not answer: it is gone, or the connection to it broke.</summary>
public sealed class NodeUnreachableException(NodeName node, string reason, Exception? inner = null) : Exception($"The node '{node}' cannot be reached: {reason}", inner)
{
    /// <summary>Which one.</summary>
    public NodeName Node { get; } = node;

    /// <summary>Whether nothing was sent, so that it is safe to ask somebody else; false when the message may have arrived.</summary>
    public bool IsUnsent { get; init; }
}
