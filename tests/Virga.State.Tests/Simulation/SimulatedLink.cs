using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.State.Tests.Simulation;

/// <summary>The link of one run of a node.</summary>
internal sealed class SimulatedLink : INodeLink
{
    private readonly SimulatedNetwork _network;
    private readonly Dictionary<NodeTopic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>> _handlers = [];

    public SimulatedLink(NodeName self, SimulatedNetwork network, ClusterView view)
    {
        Self = self;
        _network = network;
        View = view;
    }

    public event Action<ClusterView>? ViewChanged;

    public NodeName Self { get; }

    public ClusterView View { get; private set; }

    public bool IsDead { get; set; }

    /// <summary>This node learns who is alive, maybe late, maybe other than others.</summary>
    public void Show(IReadOnlyList<ClusterMember> members)
    {
        if (!IsDead)
        {
            View = new ClusterView(View.Number + 1, members);
            ViewChanged?.Invoke(View);
        }
    }

    public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler) => _handlers[topic] = handler;

    public ValueTask<ReadOnlyMemory<byte>> HandleAsync(NodeName from, NodeTopic topic, byte[] body) => _handlers[topic](from, body, CancellationToken.None);

    public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body) => _network.Send(this, to, topic, body.ToArray(), null, null);

    public ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<ReadOnlyMemory<byte>>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!View.Contains(to))
        {
            _network.World.After(TimeSpan.FromMilliseconds(1), () => answer.TrySetException(new NodeUnreachableException(to, "it is not alive.")));
        }
        else
        {
            _network.Send(this, to, topic, body.ToArray(), bytes => answer.TrySetResult(bytes), reason => answer.TrySetException(new NodeUnreachableException(to, reason)));
        }

        var cancelled = cancellation.Register(() => answer.TrySetCanceled(cancellation));
        return WaitAsync();

        async ValueTask<ReadOnlyMemory<byte>> WaitAsync()
        {
            try
            {
                return await answer.Task;
            }
            finally
            {
                cancelled.Dispose();
            }
        }
    }
}
