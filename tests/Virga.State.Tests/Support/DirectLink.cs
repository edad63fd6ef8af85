using System.Collections.Concurrent;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.State.Tests.Support;

/// <summary>Links within one process, without a network: messages are handled on the thread pool, as fast as it goes.</summary>
internal sealed class DirectLink : INodeLink
{
    private readonly ConcurrentDictionary<NodeTopic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>> _handlers = [];
    private IReadOnlyDictionary<NodeName, DirectLink> _all = new Dictionary<NodeName, DirectLink>();

    private DirectLink(NodeName self, ClusterView view)
    {
        Self = self;
        View = view;
    }

    public event Action<ClusterView>? ViewChanged
    {
        // The same nodes from the beginning to the end.
        add { }
        remove { }
    }

    public NodeName Self { get; }

    public ClusterView View { get; }

    public static DirectLink[] Between(int nodes)
    {
        var view = new ClusterView(1, [.. Enumerable.Range(0, nodes).Select(static i => new ClusterMember(NodeName.Parse($"n{i}"), 1, "", 0))]);
        var links = view.Members.Select(member => new DirectLink(member.Name, view)).ToArray();
        var all = links.ToDictionary(static link => link.Self);
        foreach (var link in links)
        {
            link._all = all;
        }

        return links;
    }

    public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler) => _handlers[topic] = handler;

    public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body) => _ = AskAsync(to, topic, body, CancellationToken.None).AsTask();

    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        await Task.Yield();
        return await _all[to]._handlers[topic](Self, body, cancellation);
    }
}
