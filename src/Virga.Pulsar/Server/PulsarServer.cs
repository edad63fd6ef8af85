using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Lookups;
using Virga.Topics.Brokers;
using Virga.Topics.Names;

namespace Virga.Pulsar.Server;

/// <summary>Serves Pulsar's clients on a port of its own.</summary>
public sealed partial class PulsarServer : IAsyncDisposable
{
    private const int Backlog = 1024;

    private readonly ConnectionServices _services;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();

    // Guards the connections; held for a change or a copy.
    private readonly Lock _gate = new();
    private readonly Dictionary<PulsarConnection, Task> _connections = [];
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private Task _checking = Task.CompletedTask;

    /// <summary>A server of a node's topics. It must exist before the node takes part in its cluster, for other nodes ask where it listens.</summary>
    public PulsarServer(TopicBroker broker, INodeLink link, PulsarOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger<PulsarServer>();
        _services = new ConnectionServices(broker, new BrokerAddresses(link, options.Advertised), options, time, _logger);
    }

    /// <summary>Where it listens; null before <see cref="Start"/>.</summary>
    public IPEndPoint? Address { get; private set; }

    /// <summary>How many clients are connected.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Where clients reach this node that have reached it at an address already.</summary>
    public string OwnUrl(IPAddress reached) => _services.Addresses.Own(new IPEndPoint(reached.IsIPv4MappedToIPv6 ? reached.MapToIPv4() : reached, (_listener?.LocalEndPoint as IPEndPoint)?.Port ?? 0));

    /// <summary>Where clients reach the owner of a topic.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>.</exception>
    public async ValueTask<string> UrlAsync(TopicName topic, IPAddress reached, CancellationToken cancellation)
    {
        // A partitioned topic as a whole has no owner; whoever asks for it asks for its partitions next.
        var broker = _services.Broker;
        return broker.IsMine(topic) ? OwnUrl(reached) : await _services.Addresses.OfAsync(broker.OwnerOf(topic), cancellation);
    }

    /// <summary>Begins to listen; gives the address.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: the address cannot be listened on.</exception>
    public IPEndPoint Start()
    {
        var listen = _services.Options.Listen;
        var listener = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(listen);
            listener.Listen(Backlog);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new ProblemException(e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? KnownProblems.Unavailable($"The node cannot listen on {listen} for Pulsar's clients: port {listen.Port} is in use.", "Stop the program that holds it, choose another with --pulsar HOST:PORT, or do without with --pulsar off.")
                : KnownProblems.Unavailable($"The node cannot listen on {listen} for Pulsar's clients: {e.Message}.", "Choose an address and port that this user may use with --pulsar HOST:PORT."), e);
        }

        _listener = listener;
        var bound = (IPEndPoint)listener.LocalEndPoint!;
        _services.Addresses.Bind(bound);
        Address = bound;
        _accepting = AcceptAsync(listener);
        _checking = CheckAsync();
        return bound;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener?.Dispose();
        await _accepting;
        await _checking;
        Task[] ending;
        lock (_gate)
        {
            foreach (var connection in _connections.Keys)
            {
                connection.Abort();
            }

            ending = [.. _connections.Values];
        }

        await Task.WhenAll(ending);
        _stopping.Dispose();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(_stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // The client has gone already, or the process has no descriptor left: the next one may come through when others have gone.
                LogNotAccepted(_logger, e.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(10), _services.Time, CancellationToken.None);
                continue;
            }

            Begin(socket);
        }
    }

    private void Begin(Socket socket)
    {
        PulsarConnection connection;
        try
        {
            socket.NoDelay = true;
            connection = new PulsarConnection(socket, _services);
        }
        catch (SocketException e)
        {
            LogNotAccepted(_logger, e.Message);
            socket.Dispose();
            return;
        }

        lock (_gate)
        {
            _connections.Add(connection, ServeAsync(connection));
        }
    }

    private async Task ServeAsync(PulsarConnection connection)
    {
        // Not within the gate, where the caller is.
        await Task.Yield();
        try
        {
            await connection.RunAsync();
        }
        catch (Exception e)
        {
            LogFailed(_logger, connection.Remote, e);
        }
        finally
        {
            lock (_gate)
            {
                _connections.Remove(connection);
            }

            connection.Dispose();
        }
    }

    private async Task CheckAsync()
    {
        using var timer = new PeriodicTimer(_services.Options.KeepAlive, _services.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                PulsarConnection[] connections;
                lock (_gate)
                {
                    connections = [.. _connections.Keys];
                }

                foreach (var connection in connections)
                {
                    connection.CheckLife();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
            return;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A Pulsar client could not be accepted: {Reason}")]
    private static partial void LogNotAccepted(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The connection of the Pulsar client at {Client} has failed.")]
    private static partial void LogFailed(ILogger logger, string client, Exception exception);
}
