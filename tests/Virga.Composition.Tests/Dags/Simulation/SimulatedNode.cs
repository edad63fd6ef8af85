using Microsoft.Extensions.Logging.Abstractions;
using Virga.Composition.Dags;
using Virga.Composition.Dags.Plans;
using Virga.Composition.Placement;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Tests.Dags.Simulation;

/// <summary>One node: its link, its functions (the same on all nodes), and a real engine over both.</summary>
internal sealed class SimulatedNode : INodeLink, IInvoker
{
    private readonly SimulatedCluster _cluster;
    private readonly Dictionary<NodeTopic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>> _handlers = [];

    public SimulatedNode(SimulatedCluster cluster, NodeName self, ClusterView view)
    {
        _cluster = cluster;
        Self = self;
        View = view;
        Engine = new DagEngine(cluster.Dags, cluster, this, this, null, new DagPlacementPolicy(new PlacementRules(new Random(7), cluster.Time)), cluster.Time, NullLoggerFactory.Instance);
    }

    public event Action<ClusterView>? ViewChanged;

    public NodeName Self { get; }

    public ClusterView View { get; private set; }

    public DagEngine Engine { get; }

    public bool IsAlive { get; private set; } = true;

    public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler) => _handlers[topic] = handler;

    public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body)
    {
        var copy = body.ToArray();
        _cluster.Arrives(() => Deliver(to, topic, copy));
    }

    public ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var copy = body.ToArray();
        var answer = new TaskCompletionSource<ReadOnlyMemory<byte>>();
        _cluster.Arrives(() =>
        {
            if (Deliver(to, topic, copy) is not { } given)
            {
                Happens(() => answer.TrySetException(new NodeUnreachableException(to, "it is gone")));
                return;
            }

            Happens(() => answer.TrySetResult(given));
        });
        return new ValueTask<ReadOnlyMemory<byte>>(answer.Task);
    }

    public ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
    {
        var head = new TaskCompletionSource<InvocationResult>();
        cancellation.Register(() => head.TrySetResult(new ScriptedResult(Core.Problems.KnownProblems.ClientGone())));
        Happens(() =>
        {
            if (!head.Task.IsCompleted)
            {
                head.TrySetResult(_cluster.Call(invocation, this));
            }
        });
        return new ValueTask<InvocationResult>(head.Task);
    }

    /// <summary>From now on nothing happens here any more.</summary>
    public void Die() => IsAlive = false;

    public void See(ClusterView view)
    {
        if (IsAlive)
        {
            View = view;
            ViewChanged?.Invoke(view);
        }
    }

    private void Happens(Action action) => _cluster.Events.Add(() =>
    {
        if (IsAlive)
        {
            action();
        }
    });

    private ReadOnlyMemory<byte>? Deliver(NodeName to, NodeTopic topic, byte[] body)
    {
        if (_cluster.Find(to) is not { IsAlive: true } node)
        {
            return null;
        }

        var answering = node._handlers[topic](Self, body.ToArray(), CancellationToken.None);
        return answering.IsCompletedSuccessfully ? answering.Result : throw new InvalidOperationException("A node answers at once.");
    }
}
