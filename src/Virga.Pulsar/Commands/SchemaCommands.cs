using Google.Protobuf;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Names;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Commands;

/// <summary>The versions of topics' schemas.</summary>
internal sealed class SchemaCommands(PulsarConnection connection)
{
    /// <summary>GET_SCHEMA: a version, or the newest.</summary>
    public void Get(CommandGetSchema command)
    {
        var request = new Request(connection, command.RequestId, (error, text) => Answer(new CommandGetSchemaResponse { RequestId = command.RequestId, ErrorCode = error, ErrorMessage = text }));
        if (!TryRead(command.Topic, request, out var topic))
        {
            return;
        }

        long? version = null;
        if (!command.SchemaVersion.IsEmpty)
        {
            if (!Schemas.TryRead(command.SchemaVersion, out var number))
            {
                request.Refuse(ServerError.IncompatibleSchema, "The schema's version is none of this broker's: it has eight bytes.");
                return;
            }

            version = number;
        }

        if (request.TryBegin())
        {
            _ = request.RunAsync(async cancellation =>
            {
                if (await connection.Services.Broker.SchemasOf(topic).GetAsync(version, cancellation) is not { Definition: { } definition } found)
                {
                    request.Refuse(ServerError.TopicNotFound, $"The topic '{command.Topic}' has no such schema.");
                    return;
                }

                request.Answer(Answer(new CommandGetSchemaResponse
                {
                    RequestId = command.RequestId,
                    Schema = Schemas.Write(definition),
                    SchemaVersion = ByteString.CopyFrom(Schemas.Write(found.Version)),
                }));
            });
        }

        static BaseCommand Answer(CommandGetSchemaResponse response) => new() { Type = CommandType.GetSchemaResponse, GetSchemaResponse = response };
    }

    /// <summary>GET_OR_CREATE_SCHEMA: the version of a schema, which is registered where it is new and the policy takes it.</summary>
    public void GetOrAdd(CommandGetOrCreateSchema command)
    {
        var request = new Request(connection, command.RequestId, (error, text) => Answer(new CommandGetOrCreateSchemaResponse { RequestId = command.RequestId, ErrorCode = error, ErrorMessage = text }));
        if (!TryRead(command.Topic, request, out var topic) || !request.TryBegin())
        {
            return;
        }

        _ = request.RunAsync(async cancellation =>
        {
            if (await connection.Services.Broker.PartitionsAsync(topic, TopicCreation.AsPolicySays, cancellation) is null)
            {
                throw new ProblemException(KnownProblems.NotFound($"There is no topic '{command.Topic}', and it is not made by itself.", "Make it with `virga topic create`, or allow it in the policies of its namespace."));
            }

            var version = await Schemas.AddAsync(connection.Services.Broker, topic, command.Schema, cancellation);
            request.Answer(Answer(new CommandGetOrCreateSchemaResponse { RequestId = command.RequestId, SchemaVersion = ByteString.CopyFrom(version) }));
        });

        static BaseCommand Answer(CommandGetOrCreateSchemaResponse response) => new() { Type = CommandType.GetOrCreateSchemaResponse, GetOrCreateSchemaResponse = response };
    }

    private static bool TryRead(string text, Request request, out TopicName topic)
    {
        if (TopicName.TryParse(text, Scope.Default, out topic))
        {
            return true;
        }

        request.Refuse(KnownProblems.InvalidName($"'{ResourceName.Shorten(text)}' is no valid name of a topic: {TopicName.Rule}."));
        return false;
    }
}
