using Virga.Core.Names;

namespace Virga.Core.Nodes;

/// <summary>Messages between the nodes of a cluster. A node alone has a link that reaches nobody; tests have one that delays, loses and reorders.</summary>
public interface INodeLink
{
    /// <summary>This node.</summary>
    NodeName Self { get; }

    /// <summary>
    /// Who is alive now: an immutable snapshot, replaced when that changes. It always holds this node, also while this node itself cannot renew its lease:
    /// it then sees who was alive when it last could, for as long as that lasts.
    /// </summary>
    ClusterView View { get; }

    /// <summary>Raised after <see cref="View"/> has changed, with the new one. Handlers return at once.</summary>
    event Action<ClusterView>? ViewChanged;

    /// <summary>
    /// Raised after a node of the view has been connected to, for the first time or again: what was posted to it before may be lost. Handlers return at once.
    /// A link that never loses a message never raises it.
    /// </summary>
    event Action<NodeName>? Connected
    {
        add { }
        remove { }
    }

    /// <summary>Sets who takes messages of a topic; one handler each, set before the node serves.</summary>
    /// <param name="topic">What the messages are about.</param>
    /// <param name="handler">Gets sender and body (valid until its task completes), gives the answer; for a posted message the answer is dropped.</param>
    void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler);

    /// <summary>
    /// Sends without an answer. Messages of one topic to one node are handed over in their order while the connection lasts; what is lost with it is reported by
    /// nobody but <see cref="Connected"/>. The body may be used again at once.
    /// </summary>
    void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body);

    /// <summary>Sends and waits for the answer, which is the caller's. A long ask may be overtaken by what is sent after it.</summary>
    /// <exception cref="NodeUnreachableException">The node is not alive, the connection broke before the answer, or its handler failed.</exception>
    ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation);
}
