using Virga.Pulsar.Connections;
using Virga.Pulsar.Protocol;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Commands;

/// <summary>The commands of a connection that ask for something: each gets one answer, later.</summary>
internal sealed class RequestCommands(PulsarConnection connection)
{
    private readonly LookupCommands _lookups = new(connection);
    private readonly SubscriptionCommands _subscriptions = new(connection);
    private readonly SchemaCommands _schemas = new(connection);

    /// <summary>Handles a command; false when it is none of these.</summary>
    public bool TryHandle(BaseCommand command)
    {
        switch (command)
        {
            case { Type: CommandType.PartitionedMetadata, PartitionMetadata: { } partitions }:
                _lookups.Partitions(partitions);
                return true;
            case { Type: CommandType.Lookup, LookupTopic: { } lookup }:
                _lookups.Owner(lookup);
                return true;
            case { Type: CommandType.GetTopicsOfNamespace, GetTopicsOfNamespace: { } topics }:
                _lookups.Topics(topics);
                return true;
            case { Type: CommandType.Unsubscribe, Unsubscribe: { } unsubscribe }:
                _subscriptions.Unsubscribe(unsubscribe);
                return true;
            case { Type: CommandType.Seek, Seek: { } seek }:
                _subscriptions.Seek(seek);
                return true;
            case { Type: CommandType.GetLastMessageId, GetLastMessageId: { } last }:
                _subscriptions.LastMessage(last);
                return true;
            case { Type: CommandType.ConsumerStats, ConsumerStats: { } stats }:
                _subscriptions.Stats(stats);
                return true;
            case { Type: CommandType.GetSchema, GetSchema: { } schema }:
                _schemas.Get(schema);
                return true;
            case { Type: CommandType.GetOrCreateSchema, GetOrCreateSchema: { } schema }:
                _schemas.GetOrAdd(schema);
                return true;
            case { Type: CommandType.WatchTopicList, WatchTopicList: { } watch }:
                // Not announced when the client connected: it asks from time to time instead.
                new Request(connection, watch.RequestId).Refuse(ServerError.NotAllowedError, "Lists of topics are not watched here. Ask for the topics of the namespace again.");
                return true;
            default:
                return TryRefuseTransaction(command);
        }
    }

    private bool TryRefuseTransaction(BaseCommand command)
    {
        BaseCommand? answer = command switch
        {
            { Type: CommandType.TcClientConnectRequest, TcClientConnectRequest: { } r } => new BaseCommand
            {
                Type = CommandType.TcClientConnectResponse,
                TcClientConnectResponse = new TransactionCoordinatorResponse { RequestId = r.RequestId, Error = ServerError.NotAllowedError, Message = Transactions.Refusal },
            },
            { Type: CommandType.NewTxn, NewTxn: { } r } => new BaseCommand { Type = CommandType.NewTxnResponse, NewTxnResponse = Refused(r) },
            { Type: CommandType.AddPartitionToTxn, AddPartitionToTxn: { } r } => new BaseCommand { Type = CommandType.AddPartitionToTxnResponse, AddPartitionToTxnResponse = Refused(r) },
            { Type: CommandType.AddSubscriptionToTxn, AddSubscriptionToTxn: { } r } => new BaseCommand { Type = CommandType.AddSubscriptionToTxnResponse, AddSubscriptionToTxnResponse = Refused(r) },
            { Type: CommandType.EndTxn, EndTxn: { } r } => new BaseCommand { Type = CommandType.EndTxnResponse, EndTxnResponse = Refused(r) },
            _ => null,
        };
        if (answer is null)
        {
            return false;
        }

        connection.Output.Write(answer);
        return true;

        static TransactionResponse Refused(TransactionRequest request) => new() { RequestId = request.RequestId, Error = ServerError.NotAllowedError, Message = Transactions.Refusal };
    }
}
