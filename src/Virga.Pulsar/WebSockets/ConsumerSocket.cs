using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Api;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Pulsar.WebSockets;

/// <summary><c>/ws/v2/consumer/persistent/TENANT/NAMESPACE/TOPIC/SUBSCRIPTION</c>: pushes messages until so many are not acknowledged, or as many as the client permits with <c>pullMode</c>.</summary>
internal sealed class ConsumerSocket(ITopicConsumer consumer, TopicNode node, TopicName topic, JsonSocket socket, bool pulls, int queueSize)
{
    private const int MaxQueue = 1000;

    /// <summary>How many messages are sent ahead of acknowledgements.</summary>
    public static int QueueSize(HttpContext http) => Math.Clamp(SocketRequest.Number(http, "receiverQueueSize") ?? MaxQueue, 1, MaxQueue);

    /// <summary>The consumer that a request asks for.</summary>
    public static ValueTask<ITopicConsumer> OpenAsync(HttpContext http, TopicNode node)
    {
        var delay = TimeSpan.FromMilliseconds(SocketRequest.Number(http, "negativeAckRedeliveryDelay") ?? 60_000);
        return node.Client.SubscribeAsync(
            TopicSelection.Of(SocketRequest.Topic(http)),
            new TopicConsumerOptions
            {
                QueueSize = QueueSize(http),
                Rejected = new RedeliveryDelay { First = delay, Longest = delay, Factor = 1 },
                AckTimeout = SocketRequest.Number(http, "ackTimeoutMillis") is > 0 and var timeout ? TimeSpan.FromMilliseconds(timeout) : null,
                DeadLetters = DeadLetters(http),
                Consumer = new ConsumerOptions
                {
                    Subscription = SocketRequest.Subscription(http),
                    Type = SocketRequest.Choice(
                        http, "subscriptionType", SubscriptionType.Exclusive, ("Exclusive", SubscriptionType.Exclusive), ("Shared", SubscriptionType.Shared), ("Failover", SubscriptionType.Failover), ("Key_Shared", SubscriptionType.KeyShared)),
                    IsDurable = SocketRequest.Choice(http, "subscriptionMode", true, ("Durable", true), ("NonDurable", false)),
                    Start = SocketRequest.Choice(http, "subscriptionInitialPosition", new MessageId(Position.Latest), ("Latest", new MessageId(Position.Latest)), ("Earliest", new MessageId(Position.Earliest))),
                    Name = SocketRequest.Text(http, "consumerName") ?? "",
                    Priority = SocketRequest.Number(http, "priorityLevel") ?? 0,
                },
            },
            http.RequestAborted);
    }

    public async Task RunAsync(CancellationToken end)
    {
        using var window = new DeliveryWindow(pulls ? 0 : queueSize);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(end);
        var sending = SendAsync(window, leaving.Token);
        try
        {
            while (await socket.ReceiveAsync() is { } command)
            {
                await HandleAsync(command, window, end);
            }
        }
        finally
        {
            await leaving.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await consumer.AcknowledgedAsync(end);
    }

    private static DeadLetterPolicy? DeadLetters(HttpContext http)
    {
        var (most, topic) = (SocketRequest.Number(http, "maxRedeliverCount"), SocketRequest.Text(http, "deadLetterTopic"));
        if (most is null && topic is null)
        {
            return null;
        }

        TopicName? name = topic is null ? null : TopicName.TryParse(topic, Scope.Default, out var parsed)
            ? parsed
            : throw new ProblemException(KnownProblems.InvalidName($"deadLetterTopic '{ResourceName.Shorten(topic)}' is no valid name of a topic.") with { Fix = $"Use {TopicName.Rule}." });
        return new DeadLetterPolicy { MaxRedeliveries = most ?? int.MaxValue, DeadLetterTopic = name };
    }

    private async Task SendAsync(DeliveryWindow window, CancellationToken end)
    {
        while (true)
        {
            await window.TakeAsync(end);
            TopicMessage message;
            try
            {
                message = await consumer.ReceiveAsync(end);
            }
            catch (System.Threading.Channels.ChannelClosedException)
            {
                // Nothing will come any more; the client asks for the end itself.
                return;
            }

            await socket.SendAsync(SocketMessage.Write(message));
        }
    }

    private async ValueTask HandleAsync(JsonObject command, DeliveryWindow window, CancellationToken end)
    {
        switch (command["type"]?.ToString())
        {
            case "permit":
                window.Give(pulls ? Permits(command) : 0);
                break;
            case "unsubscribe":
                await node.Client.Administration.DeleteSubscriptionAsync(topic, consumer.Subscription, force: true, end);
                break;
            case "negativeAcknowledge":
                consumer.Reject(topic, MessageIdText.Read(command["messageId"]?.ToString()));
                window.Give(pulls ? 0 : 1);
                break;
            case "isEndOfTopic":
                await socket.SendAsync(new JsonObject { ["endOfTopic"] = consumer.HasEnded });
                break;
            default:
                consumer.Acknowledge(topic, MessageIdText.Read(command["messageId"]?.ToString()));
                window.Give(pulls ? 0 : 1);
                break;
        }
    }

    private static int Permits(JsonObject command) => command["permitMessages"] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        ? value.GetValue<int>()
        : throw new SocketMessageException("'permit' has no number of permitMessages.");
}
