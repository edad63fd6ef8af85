using System.Globalization;
using Microsoft.Extensions.Logging;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Administration;
using Virga.Topics.Brokers;
using Virga.Topics.Clients.Consuming;
using Virga.Topics.Clients.Producing;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Clients.Serving.Links;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients;

/// <summary>
/// Publishes to topics and consumes them from within this node, wherever in the cluster they are owned: what HTTP, WebSockets, triggers and functions use. Follows topics that move, grow or appear.
/// </summary>
public sealed class TopicClient : IAsyncDisposable
{
    private readonly TopicBroker _broker;
    private readonly INodeLink _link;
    private readonly TopicLink _topicLink;
    private readonly TopicServer _server;
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SharedPublishers _shared;
    private long _made;

    /// <param name="broker">The topics of this node, and what is known of the others.</param>
    /// <param name="link">The other nodes.</param>
    /// <param name="random">For names that users do not give, and the partitions where publishers begin.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Told of what goes wrong.</param>
    public TopicClient(TopicBroker broker, INodeLink link, Random random, TimeProvider time, ILoggerFactory loggers)
    {
        (_broker, _link, _random, _time, _logger) = (broker, link, random, time, loggers.CreateLogger<TopicClient>());
        var local = new LocalTopicServer(broker);
        _topicLink = new TopicLink(link, local, time);
        _server = new TopicServer(broker, local, _topicLink);
        _shared = new SharedPublishers(this, time);
        Administration = new TopicAdministration(broker, _topicLink, time);
    }

    /// <summary>Looks after topics, wherever they are owned.</summary>
    public TopicAdministration Administration { get; }

    /// <summary>Publishes a message by a publisher that is kept for the topic while it is used.</summary>
    /// <exception cref="ProblemException">The topic does not exist and is not made by itself, or refuses the message.</exception>
    public ValueTask<MessageId> PublishAsync(TopicName topic, OutgoingMessage message, CancellationToken cancellation) => _shared.PublishAsync(topic, message, cancellation);

    /// <summary>A publisher of one's own.</summary>
    /// <exception cref="ProblemException">The topic does not exist and is not made by itself, or refuses the publisher.</exception>
    public async ValueTask<ITopicPublisher> PublisherAsync(TopicName topic, PublisherOptions options, CancellationToken cancellation) => await OpenAsync(topic, options, cancellation);

    internal async ValueTask<TopicPublisher> OpenAsync(TopicName topic, PublisherOptions options, CancellationToken cancellation)
    {
        var partitions = topic.IsPartition ? 0
            : await _broker.PartitionsAsync(topic, TopicCreation.AsPolicySays, cancellation)
                ?? throw new ProblemException(KnownProblems.NotFound($"There is no topic {topic}.", $"Make it: virga topic create {topic}"));
        var publisher = new TopicPublisher(_broker, _server, topic, options.Name.Length > 0 ? options.Name : MakeName(), options, _random, _time, _logger);
        try
        {
            await publisher.OpenAsync(partitions, cancellation);
            return publisher;
        }
        catch
        {
            await publisher.DisposeAsync();
            throw;
        }
    }

    /// <summary>A consumer; completes when it is attached to every topic that there is.</summary>
    /// <exception cref="ProblemException">A topic does not exist and is not made by itself, or refuses the consumer.</exception>
    public async ValueTask<ITopicConsumer> SubscribeAsync(TopicSelection topics, TopicConsumerOptions options, CancellationToken cancellation) => await OpenAsync(topics, options, cancellation);

    /// <summary>A reader.</summary>
    /// <exception cref="ProblemException">The topic does not exist, or refuses the reader.</exception>
    public async ValueTask<ITopicReader> ReadAsync(TopicName topic, TopicReaderOptions options, CancellationToken cancellation)
    {
        var name = MakeName();
        var consumer = await OpenAsync(
            TopicSelection.Of(topic),
            new TopicConsumerOptions
            {
                QueueSize = options.QueueSize,
                Consumer = new ConsumerOptions
                {
                    Subscription = SubscriptionName.Parse($"reader-{name}"),
                    Name = options.Name.Length > 0 ? options.Name : name,
                    IsDurable = false,
                    Start = options.Start,
                    StartInclusive = options.StartInclusive,
                    StartAt = options.StartAt,
                    ReadCompacted = options.ReadCompacted,
                },
            },
            cancellation);
        return new TopicReader(topic, consumer);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shared.DisposeAsync();
        _topicLink.Dispose();
    }

    private async ValueTask<TopicConsumer> OpenAsync(TopicSelection topics, TopicConsumerOptions options, CancellationToken cancellation)
    {
        if (options.Consumer.Name.Length == 0)
        {
            options = options with { Consumer = options.Consumer with { Name = MakeName() } };
        }

        var retry = options.DeadLetters is { UsesRetryTopic: true } policy && topics is TopicSelection.Names { Topics: [var first, ..] }
            ? DeadLetterOffice.RetryTopic(policy, first, options.Consumer.Subscription)
            : (TopicName?)null;
        var office = options.DeadLetters is { } letters ? new DeadLetterOffice(this, _server, letters, options.Consumer.Subscription, _time) : null;
        var consumer = new TopicConsumer(new ConsumerTopics(_broker, _link, topics, retry, options, _time, _logger), _server, options, office, _time, _logger);
        try
        {
            await consumer.OpenAsync(cancellation);
            return consumer;
        }
        catch
        {
            await consumer.DisposeAsync();
            throw;
        }
    }

    // No other has it: the node's name and incarnation, and a count.
    private string MakeName() =>
        string.Create(CultureInfo.InvariantCulture, $"{_link.Self}-{_link.View.Find(_link.Self)?.Incarnation ?? 0:x}-{_time.GetUtcNow().ToUnixTimeMilliseconds():x}-{Interlocked.Increment(ref _made)}");
}
