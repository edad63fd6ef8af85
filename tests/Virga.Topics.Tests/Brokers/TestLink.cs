using System.Collections.Concurrent;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Topics.Tests.Brokers;

/// <summary>Links between the brokers of one test: messages are handed over at once, and who is alive is as the test says.</summary>
internal sealed class TestLink : INodeLink
{
    private readonly ConcurrentDictionary<NodeName, TestLink> _all;
    private readonly ConcurrentDictionary<NodeTopic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>> _handlers = new();

    private TestLink(NodeName self, ConcurrentDictionary<NodeName, TestLink> all) => (Self, _all, View) = (self, all, Of([self]));

    public event Action<ClusterView>? ViewChanged;

    public NodeName Self { get; }

    public ClusterView View { get; private set; }

    public static TestLink[] Connect(params string[] names)
    {
        var all = new ConcurrentDictionary<NodeName, TestLink>();
        TestLink[] links = [.. names.Select(name => new TestLink(NodeName.Parse(name), all))];
        foreach (var link in links)
        {
            all[link.Self] = link;
        }

        return links;
    }

    /// <summary>This node sees these nodes alive.</summary>
    public void See(params TestLink[] alive)
    {
        View = Of([.. alive.Select(link => link.Self)]);
        ViewChanged?.Invoke(View);
    }

    public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler) => _handlers[topic] = handler;

    public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body) => _ = _all[to]._handlers[topic](Self, body.ToArray(), CancellationToken.None).AsTask();

    public ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation) => _all[to]._handlers[topic](Self, body, cancellation);

    private static ClusterView Of(NodeName[] names) => new(1, [.. names.Order().Select(static name => new ClusterMember(name, 1, "", 0))]);
}
