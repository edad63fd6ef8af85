using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Api;

/// <summary><c>GET /topics/{topic}/messages</c>: messages as they come, for a subscription or to be read alone.</summary>
internal sealed class ConsumeEndpoint(Func<TopicNode> node, OpenConsumers open, TimeProvider time, ILogger<ConsumeEndpoint> logger, CancellationToken stopping)
{
    private const int MaxQueue = 10_000;
    private const int StandardQueue = 1000;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly string[] OfSubscriptions = ["type", "ack", "ackTimeout", "maxRedeliveries", "priority"];

    public async Task GetAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        var count = TopicRequest.Count(http, "count", 1, int.MaxValue);
        var queue = TopicRequest.Count(http, "queue", 1, MaxQueue) ?? StandardQueue;
        queue = Math.Min(queue, count ?? queue);

        // A node that stops does not wait for its consumers.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        if (TopicRequest.Parameter(http, "subscription") is { } subscription)
        {
            await ConsumeAsync(http, topic, TopicRequest.Subscription(subscription), queue, count, end.Token);
        }
        else
        {
            foreach (var parameter in OfSubscriptions)
            {
                if (TopicRequest.Parameter(http, parameter) is not null)
                {
                    throw TopicRequest.Invalid($"{parameter} is given without a subscription: the topic would only be read.", $"Name one with subscription=NAME, or leave {parameter} out.");
                }
            }

            await ReadAsync(http, topic, queue, count, end.Token);
        }
    }

    private async Task ReadAsync(HttpContext http, TopicName topic, int queue, int? count, CancellationToken end)
    {
        var last = LastEvent(http);
        var (start, startAt) = last is { } id ? (id, null) : TopicRequest.Place("from", TopicRequest.Parameter(http, "from"), time);
        await using var reader = await node().Client.ReadAsync(
            topic,
            new TopicReaderOptions
            {
                // From a message on where the client says so, behind it where it has it already.
                Start = start with { BatchIndex = -1 },
                StartInclusive = last is null || start.BatchIndex >= 0,
                StartAt = startAt,
                QueueSize = queue,
                ReadCompacted = TopicRequest.Flag(http, "compacted"),
                Name = TopicRequest.Parameter(http, "name") ?? "",
            },
            end);
        await StreamAsync(http, new ReaderSource(reader), last, count, "{}", end);
    }

    private async Task ConsumeAsync(HttpContext http, TopicName topic, SubscriptionName subscription, int queue, int? count, CancellationToken end)
    {
        var (start, startAt) = TopicRequest.Place("from", TopicRequest.Parameter(http, "from"), time);
        var type = TopicRequest.Type(TopicRequest.Parameter(http, "type"));
        var isExplicit = TopicRequest.Parameter(http, "ack") switch
        {
            null or "auto" => false,
            "explicit" => true,
            var other => throw TopicRequest.Invalid($"ack is '{ResourceName.Shorten(other)}'.", "Use auto or explicit."),
        };
        var retries = TopicRequest.Count(http, "maxRedeliveries", 0, 1000);
        await using var consumer = await node().Client.SubscribeAsync(
            TopicSelection.Of(topic),
            new TopicConsumerOptions
            {
                QueueSize = queue,
                AckTimeout = TopicRequest.Span(http, "ackTimeout"),
                DeadLetters = retries is { } most ? new DeadLetterPolicy { MaxRedeliveries = most } : null,
                Consumer = new ConsumerOptions
                {
                    Subscription = subscription,
                    Type = type,
                    Name = TopicRequest.Parameter(http, "name") ?? "",
                    Priority = TopicRequest.Count(http, "priority", 0, int.MaxValue) ?? 0,
                    Start = start,
                    StartInclusive = true,
                    StartAt = startAt,
                },
            },
            end);

        // What was acknowledged when it was sent may not have arrived: who says what has, gets the rest again. Only where one consumer has all of it in order.
        var last = LastEvent(http);
        if (last is { Partition: < 0 } arrived && type is SubscriptionType.Exclusive or SubscriptionType.Failover)
        {
            await consumer.SeekAsync(topic, arrived with { BatchIndex = -1 }, end);
        }

        if (!isExplicit)
        {
            await StreamAsync(http, new ConsumerSource(consumer, logger), last, count, "{}", end);
            return;
        }

        using var token = open.Add(topic, consumer);
        http.Response.Headers["Virga-Consumer"] = token.Value;
        await StreamAsync(http, new ExplicitSource(consumer), last, count, $"{{\"consumer\":\"{token.Value}\"}}", end);
    }

    private static MessageId? LastEvent(HttpContext http) => http.Request.Headers["Last-Event-ID"].ToString() switch
    {
        "" => null,
        var text when MessageId.TryParse(text, out var id) => id,
        var text => throw TopicRequest.Invalid($"Last-Event-ID is '{ResourceName.Shorten(text)}'.", "Use the id of an event that this topic gave."),
    };

    private async Task StreamAsync(HttpContext http, IMessageSource source, MessageId? have, int? count, string begin, CancellationToken end)
    {
        await using var stream = new MessageStream(http);
        stream.Begin(begin);
        var left = count ?? long.MaxValue;
        Task<bool>? waiting = null;
        try
        {
            await stream.FlushAsync();
            while (left > 0)
            {
                if (source.TryTake(out var message))
                {
                    if (message.Id.Position != have?.Position || message.Id.Partition != have?.Partition || message.Id.BatchIndex > have?.BatchIndex)
                    {
                        stream.Write(message);
                        left--;
                    }

                    if (!stream.IsFull)
                    {
                        continue;
                    }
                }

                if (stream.HasUnsent)
                {
                    await stream.FlushAsync();
                    await source.SentAsync(end);
                    continue;
                }

                waiting ??= source.WaitAsync(end).AsTask();
                try
                {
                    if (!await waiting.WaitAsync(Heartbeat, time, end))
                    {
                        stream.End();
                        break;
                    }

                    waiting = null;
                }
                catch (TimeoutException)
                {
                    stream.Beat();
                }
            }

            await stream.FlushAsync();
            await source.SentAsync(end);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            await stream.StopAsync();
        }
        catch (ProblemException e)
        {
            stream.Fail(e.Problem);
            await stream.FlushAsync();
        }
    }
}
