using Virga.Pulsar.Protocol;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Clients;

/// <summary>Publishes to the topics of a cluster elsewhere, over one connection to each of its brokers.</summary>
internal sealed class BrokerClient(BrokerUrl first, TimeProvider time) : IAsyncDisposable
{
    // A lookup that is sent on more often goes in a circle.
    private const int MostHops = 20;
    private const int LookupRedirect = 0;
    private const int LookupConnect = 1;

    // Whoever looks for a connection, or makes one, has it.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<BrokerUrl, BrokerConnection> _connections = [];

    /// <summary>How many partitions a topic has there; it is made, or grows, where it has fewer than are wanted.</summary>
    /// <exception cref="BrokerException">The cluster cannot be reached, or refuses.</exception>
    public async ValueTask<int> EnsureAsync(string topic, int partitions, CancellationToken cancellation)
    {
        var connection = await ConnectAsync(first, cancellation);
        var request = connection.NextRequest();
        var command = new CommandPartitionedTopicMetadata { RequestId = request, Topic = topic, ReplicatedPartitions = (uint)partitions };
        var answer = (await connection.AskAsync(request, new BaseCommand { Type = CommandType.PartitionedMetadata, PartitionMetadata = command }, cancellation)).PartitionMetadataResponse;
        return answer is { Response: 0 } ? (int)answer.Partitions : throw new BrokerException($"{topic} cannot be made there ({answer?.Error}): {answer?.Message}");
    }

    /// <summary>Attaches a producer, in the place of an older one of its name.</summary>
    /// <param name="topic">A topic or partition.</param>
    /// <param name="name">The producer's name.</param>
    /// <param name="sink">Told of what becomes of what is sent.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="BrokerException">The cluster cannot be reached, or refuses.</exception>
    public async ValueTask<BrokerProducer> ProduceAsync(string topic, string name, IBrokerProducerSink sink, CancellationToken cancellation)
    {
        var connection = await LookupAsync(topic, cancellation);
        var id = connection.NextRequest();
        connection.Attach(id, sink);
        try
        {
            var request = connection.NextRequest();

            // A name that is not the user's: the connection of an earlier run may still be there, and gives way.
            var command = new CommandProducer { RequestId = request, ProducerId = id, Topic = topic, ProducerName = name, UserProvidedProducerName = false, Epoch = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds() };
            await connection.AskAsync(request, new BaseCommand { Type = CommandType.Producer, Producer = command }, cancellation);
            return new BrokerProducer(connection, id, topic);
        }
        catch
        {
            new BrokerProducer(connection, id, topic).Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var (_, connection) in _connections)
        {
            await connection.DisposeAsync();
        }

        _turn.Dispose();
    }

    private async ValueTask<BrokerConnection> LookupAsync(string topic, CancellationToken cancellation)
    {
        var (at, isAuthoritative) = (first, false);
        for (var hop = 0; hop < MostHops; hop++)
        {
            var connection = await ConnectAsync(at, cancellation);
            var request = connection.NextRequest();
            var command = new CommandLookupTopic { RequestId = request, Topic = topic, Authoritative = isAuthoritative };
            var answer = (await connection.AskAsync(request, new BaseCommand { Type = CommandType.Lookup, LookupTopic = command }, cancellation)).LookupTopicResponse;
            if (answer is not { Response: LookupRedirect or LookupConnect })
            {
                throw new BrokerException($"The cluster does not say where {topic} is ({answer?.Error}): {answer?.Message}");
            }

            var owner = BrokerUrl.Parse(answer.BrokerServiceUrl) ?? throw new BrokerException($"The cluster says that {topic} is at '{answer.BrokerServiceUrl}', which is no address.");
            if (answer.Response == LookupConnect)
            {
                return await ConnectAsync(answer.ProxyThroughServiceUrl ? first : owner, cancellation);
            }

            (at, isAuthoritative) = (owner, answer.Authoritative);
        }

        throw new BrokerException($"The brokers of the cluster send each other on for {topic}.");
    }

    private async ValueTask<BrokerConnection> ConnectAsync(BrokerUrl url, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_connections.TryGetValue(url, out var known))
            {
                if (!known.IsEnded)
                {
                    return known;
                }

                _connections.Remove(url);
                await known.DisposeAsync();
            }

            return _connections[url] = await BrokerConnection.OpenAsync(url, time, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }
}
