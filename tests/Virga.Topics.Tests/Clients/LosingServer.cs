using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Clients;

/// <summary>Attaches by another server, and loses what it attaches when the test says so, as when a topic moves at just that moment. It listens to what the publisher logs, to know when that has heard of it.</summary>
internal sealed class LosingServer(ITopicServer server) : ITopicServer, ILogger
{
    private readonly SemaphoreSlim _heard = new(0);

    /// <summary>The next producer is closed, and its publisher hears of that before it hears that it is attached.</summary>
    public bool LosesNext { get; set; }

    /// <summary>Nobody is attached.</summary>
    public bool IsAway { get; set; }

    /// <summary>How often somebody was not.</summary>
    public int Refusals { get; private set; }

    /// <summary>Who attached last.</summary>
    public IProducerSink? Last { get; private set; }

    public async ValueTask<IServedProducer> ProduceAsync(TopicName topic, ProducerOptions options, IProducerSink sink, CancellationToken cancellation)
    {
        if (IsAway)
        {
            Refusals++;
            throw new ProblemException(KnownProblems.Unavailable("The broker is away.", "Try again."));
        }

        var producer = await server.ProduceAsync(topic, options, sink, cancellation);
        Last = sink;
        if (LosesNext)
        {
            LosesNext = false;

            // Of the producer before it, then of this one.
            await _heard.WaitAsync(cancellation);
            sink.Closed(CloseReason.Moved);
            await _heard.WaitAsync(cancellation);
        }

        return producer;
    }

    public ValueTask<IServedConsumer> SubscribeAsync(TopicName topic, ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation) => server.SubscribeAsync(topic, options, sink, cancellation);

    public ValueTask CreateSubscriptionAsync(TopicName topic, SubscriptionName subscription, MessageId start, CancellationToken cancellation) =>
        server.CreateSubscriptionAsync(topic, subscription, start, cancellation);

    public ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, MessageId to, CancellationToken cancellation) => server.SeekAsync(topic, subscription, to, cancellation);

    public ValueTask SeekAsync(TopicName topic, SubscriptionName subscription, DateTimeOffset to, CancellationToken cancellation) => server.SeekAsync(topic, subscription, to, cancellation);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (formatter(state, exception).Contains("was closed", StringComparison.Ordinal))
        {
            _heard.Release();
        }
    }
}
