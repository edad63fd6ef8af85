using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Cluster.Link;

/// <summary>
/// Messages between nodes over TCP: one connection per pair, on which all messages take turns. <c>docs/cluster.md</c> has the frames, what is kept in order and
/// what is bounded.
/// </summary>
internal sealed partial class ClusterLink : INodeLink, IAsyncDisposable
{
    // Without it a node that is out of descriptors would try, and tell of it, all the time.
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly NodeName _self;
    private readonly LinkOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger<ClusterLink> _logger;
    private readonly LinkHandlers _handlers = new();
    private readonly ConcurrentDictionary<NodeName, LinkPeer> _peers = new();
    private readonly ConcurrentDictionary<Task, byte> _background = new();
    private readonly Socket _listener;
    private readonly SemaphoreSlim _handshakes;
    private readonly CancellationTokenSource _stopping = new();
    private ClusterView _view;
    private Task _accepting = Task.CompletedTask;

    /// <param name="self">This node.</param>
    /// <param name="options">Where it listens, and its bounds.</param>
    /// <param name="time">The clock of keep-alives and back-offs.</param>
    /// <param name="random">Spreads back-offs.</param>
    /// <param name="logger">Takes what happens.</param>
    public ClusterLink(NodeName self, LinkOptions options, TimeProvider time, Random random, ILogger<ClusterLink> logger)
    {
        _self = self;
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
        _handshakes = new SemaphoreSlim(options.MaxHandshakes);
        _view = new ClusterView(0, [new ClusterMember(self, 0, "", 0)]);
        _listener = new Socket(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    }

    /// <inheritdoc/>
    public NodeName Self => _self;

    /// <inheritdoc/>
    public ClusterView View => Volatile.Read(ref _view);

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <inheritdoc/>
    public event Action<ClusterView>? ViewChanged;

    /// <inheritdoc/>
    public event Action<NodeName>? Connected;

    /// <summary>A node cannot be reached, or its connection has broken: a reason to look whether it is still alive.</summary>
    public event Action<NodeName>? Suspected;

    /// <summary>Begins to take connections.</summary>
    /// <exception cref="SocketException">The address cannot be used.</exception>
    public void Listen()
    {
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(_options.Listen);
        _listener.Listen(128);
        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler) => _handlers.Set(topic, handler);

    /// <inheritdoc/>
    public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body)
    {
        CheckLength(body);
        if (to == Self)
        {
            Run(PostToSelfAsync((byte)topic, body.ToArray()));
        }
        else if (_peers.TryGetValue(to, out var peer))
        {
            peer.Post((byte)topic, body.Span);
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        CheckLength(body);
        return to == Self
            ? _handlers.TakeAsync(to, (byte)topic, body, cancellation)
            : _peers.TryGetValue(to, out var peer)
                ? peer.AskAsync((byte)topic, body, cancellation)
                : throw new NodeUnreachableException(to, "it is not alive.") { IsUnsent = true };
    }

    /// <summary>Takes over what members say of their load: the members are the same.</summary>
    public void Refresh(ClusterView view) => Volatile.Write(ref _view, view);

    /// <summary>Puts a view in force. Called by one at a time.</summary>
    public void Apply(ClusterView view)
    {
        var before = View;
        foreach (var member in view.Members)
        {
            var known = before.Find(member.Name);
            if (member.Name == Self || (known is not null && known.Incarnation == member.Incarnation && known.Address == member.Address))
            {
                continue;
            }

            if (known is not null && _peers.TryGetValue(member.Name, out var peer))
            {
                // A node that lost its lease and came back has a new incarnation and its old connections; one that was started again has not.
                if (peer.IsConnected && known.Address == member.Address)
                {
                    continue;
                }

                Leave(member.Name, "it has restarted.");
            }

            GetPeer(member.Name).Start(member.Address);
        }

        foreach (var gone in before.Members)
        {
            if (gone.Name != Self && !view.Contains(gone.Name))
            {
                Leave(gone.Name, "it is not alive.");
            }
        }

        Volatile.Write(ref _view, view);
        ViewChanged?.Invoke(view);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;

        // A node that had proved itself just now may be adopted while the others are left.
        do
        {
            foreach (var name in _peers.Keys)
            {
                Leave(name, "this node is leaving.");
            }

            await Task.WhenAll(_background.Keys);
        }
        while (!_peers.IsEmpty);

        _handshakes.Dispose();
        _stopping.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "A connection from {Address} was refused: {Reason}")]
    private partial void LogRefused(string address, string reason);

    [LoggerMessage(LogLevel.Error, "A message of the topic 0x{Topic:x2} of this node to itself failed")]
    private partial void LogFailed(byte topic, Exception exception);

    private void CheckLength(ReadOnlyMemory<byte> body)
    {
        if (body.Length > _options.MaxMessage)
        {
            throw new ArgumentException($"A message of {body.Length} bytes is longer than {_options.MaxMessage}.", nameof(body));
        }
    }

    private LinkPeer GetPeer(NodeName name) => _peers.GetOrAdd(
        name,
        static (name, link) => new LinkPeer(
            name, link._self, link._options.Secret, link._handlers, link._options, link._time, link._random, node => link.Suspected?.Invoke(node), node => link.Connected?.Invoke(node), link._logger),
        this);

    private void Leave(NodeName name, string reason)
    {
        if (_peers.TryRemove(name, out var peer))
        {
            peer.Leave(reason);
            Run(peer.DisposeAsync().AsTask());
        }
    }

    // Awaited when the link ends.
    private void Run(Task task)
    {
        _background.TryAdd(task, 0);
        _ = task.ContinueWith(static (done, all) => ((ConcurrentDictionary<Task, byte>)all!).TryRemove(done, out _), _background, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task PostToSelfAsync(byte topic, byte[] body)
    {
        try
        {
            await _handlers.TakeAsync(Self, topic, body, _stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node ends.
        }
        catch (Exception e)
        {
            LogFailed(topic, e);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_stopping.Token);
                if (_handshakes.Wait(0, CancellationToken.None))
                {
                    Run(WelcomeAsync(socket));
                }
                else
                {
                    socket.Dispose();
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Out of descriptors, or the other was gone before it was taken: the next one may come.
                LogRefused("the network", e.Message);
                await Task.Delay(AcceptPause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task WelcomeAsync(Socket socket)
    {
        // Off the loop that accepts.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var patience = new CancellationTokenSource(_options.HandshakeTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stopping.Token);
        var from = socket.RemoteEndPoint?.ToString() ?? "";
        try
        {
            socket.NoDelay = true;
            var stream = new NetworkStream(socket, ownsSocket: false);
            var other = await LinkHandshake.AcceptAsync(stream, _self, _options.Secret, either.Token);
            if (other >= Self)
            {
                throw new LinkRefusedException($"The node '{other}' is dialled by '{Self}', not the other way round.");
            }

            GetPeer(other).Adopt(new LinkConnection(socket, stream, other, _handlers, _options, _time, _logger));
        }
        catch (Exception e) when (e is SocketException or IOException or LinkRefusedException or OperationCanceledException)
        {
            socket.Dispose();
            if (!_stopping.IsCancellationRequested)
            {
                LogRefused(from, e is OperationCanceledException ? $"it proved nothing within {_options.HandshakeTimeout.TotalSeconds:0.#} s." : e.Message);
            }
        }
        finally
        {
            _handshakes.Release();
        }
    }
}
