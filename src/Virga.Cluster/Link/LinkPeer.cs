using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Cluster.Link;

/// <summary>
/// Another node as this one reaches it. Of two nodes the one with the lesser name dials, and dials again whenever the connection breaks, so that there is one
/// connection per pair.
/// </summary>
internal sealed partial class LinkPeer(NodeName name, NodeName self, byte[] secret, LinkHandlers handlers, LinkOptions options, TimeProvider time, Random random, Action<NodeName> suspect, Action<NodeName> renewed, ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource _leaving = new();

    // Guards everything below it; held to move references and to keep posts in their order.
    private readonly Lock _gate = new();
    private readonly List<(byte Topic, byte[] Body)> _held = [];
    private readonly List<Task> _running = [];
    private LinkConnection? _connection;
    private TaskCompletionSource<LinkConnection> _connected = NewSignal();
    private long _downSince = time.GetTimestamp();
    private long _heldBytes;
    private Task _dialling = Task.CompletedTask;
    private bool _hasFailed;

    /// <summary>Begins to reach the node at an address.</summary>
    public void Start(string address)
    {
        if (self < name)
        {
            _dialling = DialAsync(address);
        }
    }

    /// <summary>Takes over a connection that the other node made. An older one is not used any more: the other has given it up.</summary>
    public void Adopt(LinkConnection connection)
    {
        lock (_gate)
        {
            _running.RemoveAll(static task => task.IsCompleted);
            _running.Add(UseAsync(connection));
        }
    }

    public void Post(byte topic, ReadOnlySpan<byte> body)
    {
        LinkConnection? connection;
        lock (_gate)
        {
            LetGoIfBroken();
            connection = _connection;
            if (connection is null)
            {
                if (time.GetElapsedTime(_downSince) < options.Patience && _heldBytes + body.Length <= options.HeldBytes)
                {
                    _held.Add((topic, body.ToArray()));
                    _heldBytes += body.Length;
                }

                return;
            }
        }

        connection.Post(topic, body);
    }

    /// <exception cref="NodeUnreachableException">There is no connection, or it broke.</exception>
    public ValueTask<ReadOnlyMemory<byte>> AskAsync(byte topic, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        Volatile.Read(ref _connection) is { IsBroken: false } connection ? connection.AskAsync(topic, body, cancellation) : AskLaterAsync(topic, body, cancellation);

    /// <summary>Whether there is a connection at the moment.</summary>
    public bool IsConnected => Volatile.Read(ref _connection) is { IsBroken: false };

    /// <summary>Ends the connection for good.</summary>
    public void Leave(string reason)
    {
        _leaving.Cancel();
        LinkConnection? connection;
        lock (_gate)
        {
            connection = _connection;
            if (_connected.TrySetException(new NodeUnreachableException(name, reason) { IsUnsent = true }))
            {
                // Observed here, since perhaps nobody waits.
                _ = _connected.Task.Exception;
            }
        }

        connection?.Break(reason);
    }

    /// <summary>Waits until all that was begun for it has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        Leave("it is not reached any more.");
        Task[] running;
        lock (_gate)
        {
            running = [.. _running];
        }

        await _dialling;
        await Task.WhenAll(running);
        _leaving.Dispose();
    }

    [LoggerMessage(LogLevel.Information, "Connected to the node '{Peer}'")]
    private partial void LogConnected(string peer);

    [LoggerMessage(LogLevel.Information, "The connection to the node '{Peer}' has ended: {Reason}")]
    private partial void LogDisconnected(string peer, string reason);

    [LoggerMessage(LogLevel.Warning, "The node '{Peer}' at {Address} is not reached: {Reason}")]
    private partial void LogNotReached(string peer, string address, string reason);

    private static TaskCompletionSource<LinkConnection> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async ValueTask<ReadOnlyMemory<byte>> AskLaterAsync(byte topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        Task<LinkConnection> connected;
        TimeSpan patience;
        lock (_gate)
        {
            LetGoIfBroken();
            connected = _connected.Task;
            patience = options.Patience - time.GetElapsedTime(_downSince);
        }

        if (!connected.IsCompleted && patience <= TimeSpan.Zero)
        {
            throw new NodeUnreachableException(name, "there is no connection.") { IsUnsent = true };
        }

        LinkConnection connection;
        try
        {
            connection = await connected.WaitAsync(patience > TimeSpan.Zero ? patience : Timeout.InfiniteTimeSpan, time, cancellation);
        }
        catch (TimeoutException e)
        {
            throw new NodeUnreachableException(name, $"there was no connection within {options.Patience.TotalSeconds:0.#} s.", e) { IsUnsent = true };
        }

        return await connection.AskAsync(topic, body, cancellation);
    }

    // Within the lock. Whoever comes first after the break notices it, so that nothing more is given to what is gone.
    private void LetGoIfBroken()
    {
        if (_connection is { IsBroken: true })
        {
            _connection = null;
            _downSince = time.GetTimestamp();
            _connected = NewSignal();
        }
    }

    // One connection, from its first message to its last.
    private async Task UseAsync(LinkConnection connection)
    {
        LinkConnection? older;
        lock (_gate)
        {
            older = _connection;
            foreach (var (topic, body) in _held)
            {
                connection.Post(topic, body);
            }

            _held.Clear();
            _heldBytes = 0;
            _connection = connection;
            if (older is not null)
            {
                _connected = NewSignal();
            }

            _connected.TrySetResult(connection);
        }

        // Off the caller, who may be within the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        older?.Break("the node has connected anew.");
        if (_leaving.IsCancellationRequested)
        {
            connection.Break("this node is leaving.");
        }

        LogConnected(name.Value);
        _hasFailed = false;
        renewed(name);
        await using var ending = connection;
        var reason = await connection.RunAsync();
        lock (_gate)
        {
            LetGoIfBroken();
        }

        if (!_leaving.IsCancellationRequested)
        {
            LogDisconnected(name.Value, reason);
            suspect(name);
        }
    }

    private async Task DialAsync(string address)
    {
        // Whoever starts a peer holds no lock, but has others to start.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var backOff = options.BackOff;
        while (!_leaving.IsCancellationRequested)
        {
            if (await TryConnectAsync(address) is { } connection)
            {
                backOff = options.BackOff;
                await UseAsync(connection);
            }

            try
            {
                // Spread, so that nodes that lost the same one do not all come back to it at the same time.
                await Task.Delay(backOff * (0.5 + random.NextDouble()), time, _leaving.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            backOff = TimeSpan.FromTicks(Math.Min(backOff.Ticks * 2, options.MaxBackOff.Ticks));
        }
    }

    private async Task<LinkConnection?> TryConnectAsync(string address)
    {
        using var patience = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _leaving.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var colon = address.LastIndexOf(':');
            await socket.ConnectAsync(new DnsEndPoint(address[..colon].Trim('[', ']'), int.Parse(address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture)), either.Token);
            var stream = new NetworkStream(socket, ownsSocket: false);
            await LinkHandshake.DialAsync(stream, self, name, secret, either.Token);
            return new LinkConnection(socket, stream, name, handlers, options, time, logger);
        }
        catch (Exception e) when (e is SocketException or IOException or LinkRefusedException or OperationCanceledException)
        {
            socket.Dispose();
            if (!_leaving.IsCancellationRequested)
            {
                if (!_hasFailed)
                {
                    // Once: it is tried again every second.
                    _hasFailed = true;
                    LogNotReached(name.Value, address, e is OperationCanceledException ? $"nothing came within {options.HandshakeTimeout.TotalSeconds:0.#} s." : e.Message);
                }

                suspect(name);
            }

            return null;
        }
    }
}
