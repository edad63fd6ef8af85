using Virga.Core.Names;

namespace Virga.Core.Nodes;

/// <summary>The link of a node that is alone.</summary>
public sealed class SingleNodeLink(NodeName self) : INodeLink
{
    /// <inheritdoc/>
    public NodeName Self { get; } = self;

    /// <inheritdoc/>
    public ClusterView View { get; } = new(1, [new ClusterMember(self, 1, "", 0)]);

    /// <inheritdoc/>
    public event Action<ClusterView>? ViewChanged
    {
        // Nobody ever comes or goes.
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler)
    {
        // Nobody ever sends.
    }

    /// <inheritdoc/>
    public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body)
    {
        // What is sent to a node that is not there is lost, here as in a cluster.
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        throw new NodeUnreachableException(to, "this node is not part of a cluster.") { IsUnsent = true };
}
