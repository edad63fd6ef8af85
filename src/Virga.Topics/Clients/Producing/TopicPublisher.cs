using Microsoft.Extensions.Logging;
using Virga.Topics.Brokers;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients.Producing;

/// <summary>Publishes to a topic: chooses the partition of each message.</summary>
internal sealed class TopicPublisher : ITopicPublisher
{
    private readonly TopicBroker _broker;
    private readonly ITopicServer _server;
    private readonly PublisherOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _single;
    private volatile PartitionPublisher[] _parts = [];
    private TopicWatch? _watch;
    private uint _turn;

    public TopicPublisher(TopicBroker broker, ITopicServer server, TopicName topic, string name, PublisherOptions options, Random random, TimeProvider time, ILogger logger)
    {
        (_broker, _server, Topic, Name, _options, _time, _logger) = (broker, server, topic, name, options, time, logger);
        _turn = (uint)random.Next();
        _single = random.Next();
    }

    public TopicName Topic { get; }

    public string Name { get; }

    public long LastSequenceId
    {
        get
        {
            var last = -1L;
            foreach (var part in _parts)
            {
                last = Math.Max(last, part.LastSequenceId);
            }

            return last;
        }
    }

    /// <summary>Whether the topic, or a partition of it, was deleted: who publishes to that name now may find another one.</summary>
    public bool IsTopicGone => Array.Exists(_parts, static part => part.IsTopicGone);

    /// <summary>Attaches to every partition that there is, and follows as more come.</summary>
    /// <param name="partitions">How many there are; 0 for none.</param>
    /// <param name="cancellation">Breaks off.</param>
    public async ValueTask OpenAsync(int partitions, CancellationToken cancellation)
    {
        if (partitions == 0)
        {
            await AddAsync(Topic, cancellation);
            return;
        }

        await GrowAsync(partitions, cancellation);
        _watch = new TopicWatch(
            _broker,
            link: null,
            topic => topic.Whole == Topic,
            async token => await GrowAsync(await _broker.PartitionsAsync(Topic, TopicCreation.Never, token) ?? 0, token),
            period: TimeSpan.FromSeconds(30),
            _time,
            _logger);
    }

    public ValueTask<MessageId> PublishAsync(OutgoingMessage message, CancellationToken cancellation)
    {
        var parts = _parts;
        return parts[parts.Length == 1 ? 0 : Choose(message, parts.Length)].PublishAsync(message, cancellation);
    }

    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        foreach (var part in _parts)
        {
            await part.FlushAsync(cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_watch is not null)
        {
            await _watch.DisposeAsync();
        }

        await Task.WhenAll(_parts.Select(static part => part.DisposeAsync().AsTask()));
    }

    private int Choose(OutgoingMessage message, int partitions)
    {
        if (_options.Router is { } router)
        {
            return router(message, partitions) is var chosen && chosen >= 0 && chosen < partitions
                ? chosen
                : throw new InvalidOperationException($"The router has chosen the partition {chosen} of {partitions}.");
        }

        return message.Key is { } key ? RoutingHash.Partition(key, partitions, _options.Hash)
            : _options.Routing == PartitionRouting.Single ? _single % partitions
            : (int)(_options.Batching is null ? Interlocked.Increment(ref _turn) % (uint)partitions : Volatile.Read(ref _turn) % (uint)partitions);
    }

    private async ValueTask GrowAsync(int partitions, CancellationToken cancellation)
    {
        for (var i = _parts.Length; i < partitions; i++)
        {
            await AddAsync(Topic.OfPartition(i), cancellation);
        }
    }

    private async ValueTask AddAsync(TopicName topic, CancellationToken cancellation)
    {
        // With batches, the next partition has its turn when a batch is on its way.
        var part = new PartitionPublisher(_server, topic, Name, _options, _time, _logger, _options.Batching is null ? null : () => Interlocked.Increment(ref _turn));
        try
        {
            await part.OpenAsync(cancellation);
        }
        catch
        {
            await part.DisposeAsync();
            throw;
        }

        _parts = [.. _parts, part];
    }
}
