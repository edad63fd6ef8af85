using System.Runtime.InteropServices;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Errors;
using Virga.Pulsar.Frames;
using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Commands;

/// <summary>The commands of a connection's consumers.</summary>
internal sealed class ConsumeCommands(PulsarConnection connection)
{
    private readonly List<BatchAck> _acks = [];

    /// <summary>SUBSCRIBE: attaches a consumer.</summary>
    public void Open(CommandSubscribe command)
    {
        var request = new Request(connection, command.RequestId);
        if (!TopicName.TryParse(command.Topic, Scope.Default, out var topic))
        {
            request.Refuse(KnownProblems.InvalidName($"'{ResourceName.Shorten(command.Topic)}' is no valid name of a topic: {TopicName.Rule}."));
            return;
        }

        if (SubscribeOptions.Refusal(command, topic) is { } refusal)
        {
            request.Refuse(refusal);
            return;
        }

        var session = new ConsumerSession(connection, command, topic.Partition);
        if (!connection.Sessions.TryAdd(session))
        {
            OpenAgain(command, request);
            return;
        }

        if (!request.TryBegin())
        {
            connection.Sessions.Forget(session);
            return;
        }

        _ = request.RunAsync(cancellation => AttachAsync(command, topic, session, request, cancellation), () => connection.Sessions.Forget(session));
    }

    /// <summary>FLOW: a consumer has room.</summary>
    public void Flow(in Command command)
    {
        var flow = FlowCommand.Read(command.Body);
        connection.Sessions.FindConsumer(flow.ConsumerId)?.Permit(flow.Permits);
    }

    /// <summary>ACK: a consumer is done with messages.</summary>
    public void Acknowledge(in Command command)
    {
        var ack = AckCommand.Read(command.Body, _acks);
        if (connection.Sessions.FindConsumer(ack.ConsumerId)?.Attached is not { } attached)
        {
            // The broker has closed it; what it acknowledges is delivered again.
            if (ack.RequestId is { } asked)
            {
                Answer(ack, asked, ServerError.ConsumerNotFound, $"This connection has no consumer {ack.ConsumerId} any more.");
            }

            return;
        }

        if (ack.HasTransaction)
        {
            Answer(ack, ack.RequestId ?? 0, ServerError.NotAllowedError, Transactions.Refusal);
            return;
        }

        try
        {
            if (!ack.IsCumulative)
            {
                attached.Consumer.Acknowledge(CollectionsMarshal.AsSpan(_acks));
            }
            else if (_acks.Count > 0)
            {
                attached.Consumer.AcknowledgeUpTo(_acks[^1]);
            }
        }
        catch (ProblemException e)
        {
            if (ack.RequestId is { } asked)
            {
                Answer(ack, asked, ServerErrors.Of(e.Problem), ServerErrors.Text(e.Problem));
            }

            return;
        }

        if (ack.RequestId is { } id)
        {
            AnswerWhenDurable(attached.Consumer, ack, id);
        }
    }

    /// <summary>REDELIVER_UNACKNOWLEDGED_MESSAGES: a consumer gives messages back, or all that it has.</summary>
    public void Redeliver(CommandRedeliverUnacknowledgedMessages command)
    {
        if (connection.Sessions.FindConsumer((long)command.ConsumerId) is not { Attached: { } attached } session)
        {
            return;
        }

        if (command.HasConsumerEpoch)
        {
            session.CountEpoch((long)command.ConsumerEpoch);
        }

        if (command.MessageIds.Count == 0)
        {
            attached.Consumer.RedeliverAll();
            return;
        }

        var positions = new Position[command.MessageIds.Count];
        for (var i = 0; i < positions.Length; i++)
        {
            positions[i] = new Position((long)command.MessageIds[i].LedgerId, (long)command.MessageIds[i].EntryId);
        }

        attached.Consumer.Redeliver(positions);
    }

    /// <summary>CLOSE_CONSUMER: the client wants it no more.</summary>
    public void Close(CommandCloseConsumer command)
    {
        if (connection.Sessions.FindConsumer((long)command.ConsumerId) is { } session)
        {
            connection.Sessions.Forget(session);
            session.Close();
        }

        new Request(connection, command.RequestId).Succeed();
    }

    private void OpenAgain(CommandSubscribe command, Request request)
    {
        if (connection.Sessions.FindConsumer((long)command.ConsumerId)?.Attached is null)
        {
            request.Refuse(ServerError.ServiceNotReady, $"The consumer {command.ConsumerId} of this connection is being attached or closed. Try again.");
        }
        else
        {
            request.Refuse(ServerError.NotAllowedError, $"This connection has a consumer {command.ConsumerId} already. Close it first, or use another number.");
        }
    }

    private async ValueTask AttachAsync(CommandSubscribe command, TopicName name, ConsumerSession session, Request request, CancellationToken cancellation)
    {
        var topic = await connection.Services.Broker.GetAsync(name, command.ForceTopicCreation ? TopicCreation.AsPolicySays : TopicCreation.Never, cancellation);
        if (command.Schema is { } schema && Schemas.IsKept(schema))
        {
            await Schemas.UseAsync(connection.Services.Broker, name, schema, cancellation);
        }

        var consumer = await topic.SubscribeAsync(SubscribeOptions.Of(command, connection.Services.Time.GetUtcNow()), session, cancellation);
        if (!session.Open(topic, consumer))
        {
            connection.Sessions.Forget(session);
            request.Refuse(ServerError.ServiceNotReady, "The consumer was closed while it was attached. Try again.");
        }
    }

    private void AnswerWhenDurable(Consumer consumer, AckCommand ack, long id)
    {
        var request = new Request(connection, (ulong)id, (error, text) => Response(ack, id, error, text));
        if (request.TryBegin())
        {
            _ = request.RunAsync(async cancellation =>
            {
                await consumer.AcknowledgedAsync(cancellation);
                request.Answer(Response(ack, id, null, null));
            });
        }
    }

    private void Answer(AckCommand ack, long id, ServerError error, string text) => connection.Output.Write(Response(ack, id, error, text));

    private static BaseCommand Response(AckCommand ack, long id, ServerError? error, string? text)
    {
        var response = new CommandAckResponse { ConsumerId = (ulong)ack.ConsumerId, RequestId = (ulong)id };
        if (error is { } number)
        {
            response.Error = number;
            response.Message = text;
        }

        return new BaseCommand { Type = CommandType.AckResponse, AckResponse = response };
    }
}
