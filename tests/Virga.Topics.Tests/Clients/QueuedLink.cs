using System.Collections.Concurrent;
using System.Threading.Channels;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Topics.Tests.Clients;

/// <summary>Links between two nodes that hand messages over in their order and on threads of their own; a connection may break, and loses what is on its way then.</summary>
internal sealed class QueuedLink : INodeLink, IAsyncDisposable
{
    private readonly ConcurrentDictionary<NodeTopic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>> _handlers = new();
    private readonly Channel<(NodeTopic Topic, byte[] Body, int Connection)> _posts = Channel.CreateUnbounded<(NodeTopic, byte[], int)>();
    private readonly Task _handing;
    private QueuedLink? _other;
    private volatile int _connection;
    private int _held;
    private int _onTheirWay;

    private QueuedLink(NodeName self)
    {
        Self = self;
        View = new ClusterView(1, [new ClusterMember(self, 1, "", 0)]);
        _handing = HandOverAsync();
    }

    public event Action<ClusterView>? ViewChanged;

    public event Action<NodeName>? Connected;

    public NodeName Self { get; }

    public ClusterView View { get; private set; }

    /// <summary>What questions wait for before they reach the other node.</summary>
    public Task Answering { get; set; } = Task.CompletedTask;

    /// <summary>How many questions have not reached the other node.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Whether nothing is on its way from here.</summary>
    public bool IsIdle => Volatile.Read(ref _onTheirWay) == 0;

    public static (QueuedLink A, QueuedLink B) Pair()
    {
        var (a, b) = (new QueuedLink(NodeName.Parse("node-a")), new QueuedLink(NodeName.Parse("node-b")));
        (a._other, b._other) = (b, a);
        a.See(a.Self, b.Self);
        b.See(a.Self, b.Self);
        return (a, b);
    }

    /// <summary>This node sees these nodes alive.</summary>
    public void See(params NodeName[] alive)
    {
        View = new ClusterView(View.Number + 1, [.. alive.Order().Select(static name => new ClusterMember(name, 1, "", 0))]);
        ViewChanged?.Invoke(View);
    }

    /// <summary>The connection to the other node breaks and is made again: what is on its way from here is lost.</summary>
    public void Break()
    {
        Interlocked.Increment(ref _connection);
        Connected?.Invoke(_other!.Self);
    }

    public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler) => _handlers[topic] = handler;

    public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body)
    {
        Interlocked.Increment(ref _onTheirWay);
        _posts.Writer.TryWrite((topic, body.ToArray(), _connection));
    }

    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var copy = body.ToArray();
        await Task.Yield();
        Interlocked.Increment(ref _held);
        await Answering.WaitAsync(cancellation);
        Interlocked.Decrement(ref _held);
        return await _other!._handlers[topic](Self, copy, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _posts.Writer.Complete();
        await _handing;
    }

    private async Task HandOverAsync()
    {
        await foreach (var (topic, body, connection) in _posts.Reader.ReadAllAsync())
        {
            if (connection == _connection)
            {
                await _other!._handlers[topic](Self, body, CancellationToken.None);
            }

            Interlocked.Decrement(ref _onTheirWay);
        }
    }
}
