using System.Globalization;
using Virga.Core.Problems;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Commands;

/// <summary>What a consumer asks of its subscription.</summary>
internal sealed class SubscriptionCommands(PulsarConnection connection)
{
    /// <summary>UNSUBSCRIBE: the subscription ends, if nobody else has it.</summary>
    public void Unsubscribe(CommandUnsubscribe command)
    {
        var request = new Request(connection, command.RequestId);
        if (Find(command.ConsumerId, request) is not { } found || !request.TryBegin())
        {
            return;
        }

        _ = request.RunAsync(async cancellation =>
        {
            var (session, topic, consumer) = found;
            if (!command.Force && topic.Find(consumer.Subscription)?.Figures().Consumers.Count > 1)
            {
                request.Refuse(ServerError.ConsumerBusy, $"Other consumers have the subscription '{consumer.Subscription}'. Close them first.");
                return;
            }

            connection.Sessions.Forget(session);
            session.Close();
            await topic.UnsubscribeAsync(consumer.Subscription, command.Force, cancellation);
            request.Succeed();
        });
    }

    /// <summary>SEEK: the subscription begins anew elsewhere. Its consumers are closed before the answer, and come again.</summary>
    public void Seek(CommandSeek command)
    {
        var request = new Request(connection, command.RequestId);
        if (Find(command.ConsumerId, request) is not { } found)
        {
            return;
        }

        if (command.MessageId is null && !command.HasMessagePublishTime)
        {
            request.Refuse(ServerError.NotAllowedError, "SEEK names neither a message nor a time.");
            return;
        }

        if (request.TryBegin())
        {
            _ = request.RunAsync(async cancellation =>
            {
                var subscription = found.Topic.Find(found.Consumer.Subscription)
                    ?? throw new ProblemException(KnownProblems.NotFound($"There is no subscription '{found.Consumer.Subscription}' any more.", "Subscribe again."));
                if (command.MessageId is { } id)
                {
                    await subscription.SeekAsync(MessageIds.Read(id), cancellation);
                }
                else
                {
                    await subscription.SeekAsync(DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(command.MessagePublishTime, (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())), cancellation);
                }

                request.Succeed();
            });
        }
    }

    /// <summary>GET_LAST_MESSAGE_ID: the last message of the topic, and how far the subscription is.</summary>
    public void LastMessage(CommandGetLastMessageId command)
    {
        var request = new Request(connection, command.RequestId);
        if (Find(command.ConsumerId, request) is not { } found || !request.TryBegin())
        {
            return;
        }

        _ = request.RunAsync(async cancellation =>
        {
            var (_, topic, consumer) = found;
            var response = new CommandGetLastMessageIdResponse
            {
                RequestId = command.RequestId,
                LastMessageId = MessageIds.Write(await topic.LastMessageAsync(cancellation), topic.Name.Partition),
            };
            if (topic.Find(consumer.Subscription)?.MarkDeleted is { } done && done != Position.Latest)
            {
                response.ConsumerMarkDeletePosition = MessageIds.Write(new MessageId(done), topic.Name.Partition);
            }

            request.Answer(new BaseCommand { Type = CommandType.GetLastMessageIdResponse, GetLastMessageIdResponse = response });
        });
    }

    /// <summary>CONSUMER_STATS: how a consumer stands.</summary>
    public void Stats(CommandConsumerStats command)
    {
        if (connection.Sessions.FindConsumer((long)command.ConsumerId)?.Attached is not { } attached)
        {
            Write(new CommandConsumerStatsResponse { RequestId = command.RequestId, ErrorCode = ServerError.ConsumerNotFound, ErrorMessage = $"This connection has no consumer {command.ConsumerId}." });
            return;
        }

        var figures = attached.Consumer.Figures();
        var seconds = Math.Max(1, (connection.Services.Time.GetUtcNow() - figures.Since).TotalSeconds);
        var of = attached.Topic.Find(attached.Consumer.Subscription)?.Figures();
        Write(new CommandConsumerStatsResponse
        {
            RequestId = command.RequestId,
            MsgRateOut = figures.Messages / seconds,
            MsgThroughputOut = figures.Bytes / seconds,
            MsgRateRedeliver = figures.Redelivered / seconds,
            MessageAckRate = figures.Acknowledged / seconds,
            ConsumerName = figures.Name,
            AvailablePermits = (ulong)Math.Max(0, figures.Permits),
            UnackedMessages = (ulong)figures.Unacknowledged,
            BlockedConsumerOnUnackedMsgs = figures.IsBlocked,
            Address = connection.Remote,
            ConnectedSince = figures.Since.ToString("O", CultureInfo.InvariantCulture),
            Type = attached.Consumer.Options.Type switch
            {
                SubscriptionType.KeyShared => "Key_Shared",
                var other => other.ToString(),
            },
            MsgBacklog = (ulong)Math.Max(0, of?.Backlog ?? 0),
        });
    }

    private void Write(CommandConsumerStatsResponse response) => connection.Output.Write(new BaseCommand { Type = CommandType.ConsumerStatsResponse, ConsumerStatsResponse = response });

    private (ConsumerSession Session, Topic Topic, Consumer Consumer)? Find(ulong id, Request request)
    {
        if (connection.Sessions.FindConsumer((long)id) is { Attached: { } attached } session)
        {
            return (session, attached.Topic, attached.Consumer);
        }

        request.Refuse(ServerError.ConsumerNotFound, $"This connection has no consumer {id}, or not any more.");
        return null;
    }
}
