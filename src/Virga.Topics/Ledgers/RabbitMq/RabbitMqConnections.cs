using RabbitMQ.Client;
using Virga.Core.Problems;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// Connections to RabbitMQ, as many as there are channels for. They are not mended by the client: who has a channel knows what to send again, and opens a new one here.
/// </summary>
internal sealed class RabbitMqConnections : IAsyncDisposable
{
    // RabbitMQ allows 2047 of one connection, and each connection is one socket with one reader.
    private const int ChannelsEach = 500;

    // An entry has at most the size of a message of Pulsar's, 5 MB; RabbitMQ itself takes 128 MB.
    private const uint MaxMessage = 128u << 20;

    private readonly ConnectionFactory _factory;
    private readonly string _name;

    // Held while a channel or a connection is opened, so that many who find none open one.
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly List<Pooled> _connections = [];
    private bool _isDisposed;

    /// <param name="url">Where RabbitMQ is.</param>
    /// <param name="name">What it shows for the connections.</param>
    /// <exception cref="ProblemException"><c>invalid-request</c>: the address cannot be read.</exception>
    public RabbitMqConnections(string url, string name)
    {
        _name = name;
        if (!RabbitMqUrl.IsValid(url))
        {
            // The text itself is in no message: it holds a password.
            throw new ProblemException(KnownProblems.InvalidRequest("The address of RabbitMQ is not valid.", "Write it like amqp://user:password@host:5672/vhost."));
        }

        _factory = new ConnectionFactory
        {
            Uri = new Uri(url),
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            ContinuationTimeout = TimeSpan.FromSeconds(10),
            MaxInboundMessageBodySize = MaxMessage,
            ConsumerDispatchConcurrency = 1,
        };
        Where = $"{_factory.HostName}:{_factory.Port}";
    }

    /// <summary>Host and port, for messages.</summary>
    public string Where { get; }

    /// <summary>Opens a channel.</summary>
    /// <param name="hasConfirms">Whether RabbitMQ keeps what is published until the stream has it, also when the stream's leader changes.</param>
    /// <param name="cancellation">Breaks off.</param>
    public async Task<IChannel> OpenChannelAsync(bool hasConfirms, CancellationToken cancellation)
    {
        await _opening.WaitAsync(cancellation);
        try
        {
            if (_isDisposed)
            {
                throw new LedgerStoreException("The store of ledgers is closed.");
            }

            var pooled = await FindAsync(cancellation);
            var options = new CreateChannelOptions(publisherConfirmationsEnabled: hasConfirms, publisherConfirmationTrackingEnabled: false, outstandingPublisherConfirmationsRateLimiter: null);
            IChannel channel;
            try
            {
                channel = await InTimeAsync(() => pooled.Connection.CreateChannelAsync(options, cancellation), cancellation);
            }
            catch (TimeoutException)
            {
                // It is of no use any more, whatever it says of itself.
                _connections.Remove(pooled);
                await CloseAsync(pooled.Connection);
                throw;
            }

            pooled.Channels++;
            channel.ChannelShutdownAsync += (_, _) =>
            {
                Interlocked.Decrement(ref pooled.Channels);
                return Task.CompletedTask;
            };
            return channel;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Asks RabbitMQ something. The client reports an answer that did not come in time as if it had been cancelled.</summary>
    /// <exception cref="TimeoutException">There was no answer.</exception>
    public static async Task<T> InTimeAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask();
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("RabbitMQ did not answer in time.", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync();
        _isDisposed = true;
        foreach (var pooled in _connections)
        {
            await CloseAsync(pooled.Connection);
        }

        _connections.Clear();
        _opening.Release();
    }

    private async Task<Pooled> FindAsync(CancellationToken cancellation)
    {
        for (var i = _connections.Count - 1; i >= 0; i--)
        {
            if (!_connections[i].Connection.IsOpen)
            {
                await CloseAsync(_connections[i].Connection);
                _connections.RemoveAt(i);
            }
            else if (Volatile.Read(ref _connections[i].Channels) < ChannelsEach)
            {
                return _connections[i];
            }
        }

        var pooled = new Pooled(await InTimeAsync(() => _factory.CreateConnectionAsync(_name, cancellation), cancellation));
        _connections.Add(pooled);
        return pooled;
    }

    private static async ValueTask CloseAsync(IConnection connection)
    {
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception exception) when (RabbitMqFaults.IsKnown(exception))
        {
            // It was lost before: that is what was asked for.
            return;
        }
    }

    private sealed class Pooled(IConnection connection)
    {
        public int Channels;

        public IConnection Connection { get; } = connection;
    }
}
