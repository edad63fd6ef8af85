using Virga.Pulsar.Protocol;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Clients;

/// <summary>A producer that is attached to a topic of a broker elsewhere.</summary>
internal sealed class BrokerProducer(BrokerConnection connection, ulong id, string topic)
{
    /// <summary>Sends an entry, whose bytes are not to change any more; numbers grow. What becomes of it is told to the sink.</summary>
    public void Send(long sequence, int messages, ReadOnlyMemory<byte> entry) => connection.Output.WriteSend((long)id, sequence, messages, entry);

    /// <summary>Registers a schema with the topic; gives the version that it has there.</summary>
    /// <exception cref="BrokerException">It is refused, or the broker does not answer.</exception>
    public async ValueTask<byte[]> RegisterAsync(Schema schema, CancellationToken cancellation)
    {
        var request = connection.NextRequest();
        var answer = await connection.AskAsync(
            request,
            new BaseCommand { Type = CommandType.GetOrCreateSchema, GetOrCreateSchema = new CommandGetOrCreateSchema { RequestId = request, Topic = topic, Schema = schema } },
            cancellation);
        return answer.GetOrCreateSchemaResponse is { HasErrorCode: false, HasSchemaVersion: true } registered
            ? registered.SchemaVersion.ToByteArray()
            : throw new BrokerException($"The schema of {topic} is refused there: {answer.GetOrCreateSchemaResponse?.ErrorMessage}");
    }

    /// <summary>Ends it, where it has not ended; its sink is told nothing more.</summary>
    public void Close()
    {
        if (connection.Detach(id))
        {
            connection.Output.Write(new BaseCommand { Type = CommandType.CloseProducer, CloseProducer = new CommandCloseProducer { ProducerId = id, RequestId = connection.NextRequest() } });
        }
    }
}
