using System.Buffers.Binary;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Frames;
using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;

namespace Virga.Pulsar.Commands;

/// <summary>The commands of a connection's producers.</summary>
internal sealed class PublishCommands(PulsarConnection connection)
{
    /// <summary>PRODUCER: attaches a producer.</summary>
    public void Open(CommandProducer command)
    {
        var request = new Request(connection, command.RequestId);
        if (!TopicName.TryParse(command.Topic, Scope.Default, out var topic))
        {
            request.Refuse(KnownProblems.InvalidName($"'{ResourceName.Shorten(command.Topic)}' is no valid name of a topic: {TopicName.Rule}."));
            return;
        }

        if (command.TxnEnabled)
        {
            request.Refuse(ServerError.NotAllowedError, Transactions.Refusal);
            return;
        }

        var session = new ProducerSession(connection, (long)command.ProducerId, (long)command.RequestId, topic.Partition);
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

    /// <summary>SEND: publishes an entry.</summary>
    public void Send(in Command command)
    {
        var send = SendCommand.Read(command.Body);
        if (connection.Sessions.FindProducer(send.ProducerId) is not { } session || session.Producer is not { } producer)
        {
            // The broker has closed it, and the client, which does not know yet, sends the same again elsewhere.
            return;
        }

        if (send.HasTransaction || send.IsMarker)
        {
            session.Refuse(send.SequenceId, ServerError.NotAllowedError, send.HasTransaction ? Transactions.Refusal : "Markers are for brokers only.");
            return;
        }

        var sent = command.Entry;
        Memory<byte> data;
        if (sent.Length >= sizeof(ushort) && BinaryPrimitives.ReadUInt16BigEndian(sent) is FrameFormat.Magic)
        {
            if (!MessageCodec.IsIntact(sent))
            {
                session.Refuse(send.SequenceId, ServerError.ChecksumError, "The checksum is not that of the message: it was damaged on its way. Send it again.");
                return;
            }

            data = session.Memory.Take(sent.Length);
            sent.CopyTo(data.Span);
        }
        else
        {
            data = MessageCodec.Sealed(sent);
        }

        if (!MessageCodec.TryReadHeader(data, out var header))
        {
            session.Refuse(send.SequenceId, ServerError.NotAllowedError, "The message's metadata cannot be read, or says what cannot be, such as more messages than the payload holds.");
            return;
        }

        session.Began();
        producer.Publish(new SendPublish(session, send.SequenceId, send.HighestSequenceId)
        {
            Data = data,
            SequenceId = header.SequenceId,
            HighestSequenceId = header.HighestSequenceId,
            Messages = header.Messages,
        });
        connection.Handed(producer);
    }

    /// <summary>CLOSE_PRODUCER: the client wants it no more.</summary>
    public void Close(CommandCloseProducer command)
    {
        if (connection.Sessions.FindProducer((long)command.ProducerId) is not { } session)
        {
            new Request(connection, command.RequestId).Succeed();
            return;
        }

        connection.Sessions.Forget(session);
        session.CloseByClient((long)command.RequestId);
    }

    private void OpenAgain(CommandProducer command, Request request)
    {
        if (connection.Sessions.FindProducer((long)command.ProducerId)?.Producer is null)
        {
            request.Refuse(ServerError.ServiceNotReady, $"The producer {command.ProducerId} of this connection is being attached or closed. Try again.");
        }
        else
        {
            request.Refuse(ServerError.NotAllowedError, $"This connection has a producer {command.ProducerId} already. Close it first, or use another number.");
        }
    }

    private async ValueTask AttachAsync(CommandProducer command, TopicName name, ProducerSession session, Request request, CancellationToken cancellation)
    {
        var topic = await connection.Services.Broker.GetAsync(name, TopicCreation.AsPolicySays, cancellation);
        ReadOnlyMemory<byte> schemaVersion = default;
        if (command.Schema is { } schema && Schemas.IsKept(schema))
        {
            schemaVersion = await Schemas.AddAsync(connection.Services.Broker, name, schema, cancellation);
        }

        if (command.HasInitialSubscriptionName && SubscriptionName.TryParse(command.InitialSubscriptionName, out var initial) && topic.Find(initial) is null)
        {
            await topic.CreateSubscriptionAsync(initial, new MessageId(Position.Earliest), [], cancellation);
        }

        var producer = await topic.ProduceAsync(
            new ProducerOptions
            {
                Name = command.ProducerName,
                IsNameOfUser = command.UserProvidedProducerName && command.ProducerName.Length > 0,
                Epoch = (long)command.Epoch,
                Access = (ProducerAccess)command.ProducerAccessMode,
                TopicEpoch = command.HasTopicEpoch ? (long)command.TopicEpoch : null,
                Properties = Pairs.Read(command.Metadata),
            },
            session,
            cancellation);
        if (!session.Open(producer, schemaVersion))
        {
            connection.Sessions.Forget(session);
            request.Refuse(ServerError.ServiceNotReady, "The producer was closed while it was attached. Try again.");
        }
    }
}
