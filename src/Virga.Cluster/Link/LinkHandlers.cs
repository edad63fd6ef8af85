using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Cluster.Link;

/// <summary>Who takes messages of which topic. Set before the node serves, read without a lock.</summary>
internal sealed class LinkHandlers
{
    private readonly Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>?[] _byTopic = new Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>?[256];

    public void Set(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler)
    {
        if (Interlocked.CompareExchange(ref _byTopic[(byte)topic], handler, null) is not null)
        {
            throw new InvalidOperationException($"Messages of the topic {topic} are taken already.");
        }
    }

    /// <exception cref="NotSupportedException">This node takes no messages of the topic.</exception>
    public ValueTask<ReadOnlyMemory<byte>> TakeAsync(NodeName from, byte topic, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        (Volatile.Read(ref _byTopic[topic]) ?? throw new NotSupportedException($"it takes no messages of the topic 0x{topic:x2}."))(from, body, cancellation);
}
