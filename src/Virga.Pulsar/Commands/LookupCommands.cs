using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Lookups;
using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Names;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Commands;

/// <summary>Where topics are, how many partitions they have, and which there are.</summary>
internal sealed class LookupCommands(PulsarConnection connection)
{
    private const int Failed = 1;
    private const int LookupConnect = 1;
    private const int LookupFailed = 2;
    private const int OnlyPersistent = 0;
    private const int OnlyNonPersistent = 1;
    private const int PageSize = 1000;

    // More would not fit into a frame that clients take.
    private const int MostTopics = 50_000;

    private TopicBroker Broker => connection.Services.Broker;

    /// <summary>PARTITIONED_METADATA: how many partitions a topic has; it is made where that is allowed.</summary>
    public void Partitions(CommandPartitionedTopicMetadata command)
    {
        var request = new Request(connection, command.RequestId, (error, text) => Answer(new CommandPartitionedTopicMetadataResponse { RequestId = command.RequestId, Response = Failed, Error = error, Message = text }));
        if (!TryRead(command.Topic, request, out var topic))
        {
            return;
        }

        if (topic.IsPartition)
        {
            request.Answer(Answer(new CommandPartitionedTopicMetadataResponse { RequestId = command.RequestId, Partitions = 0, Response = 0 }));
            return;
        }

        if (request.TryBegin())
        {
            _ = request.RunAsync(async cancellation =>
            {
                var partitions = command.HasReplicatedPartitions ? await EnsureAsync(topic, command.ReplicatedPartitions, cancellation) : await Broker.PartitionsAsync(topic, command.MetadataAutoCreationEnabled ? TopicCreation.AsPolicySays : TopicCreation.Never, cancellation)
                    ?? throw new ProblemException(KnownProblems.NotFound($"There is no topic '{command.Topic}', and it is not made by itself.", $"Make it with `virga topic create {topic.Local}`, or allow it in the policies of its namespace."));
                request.Answer(Answer(new CommandPartitionedTopicMetadataResponse { RequestId = command.RequestId, Partitions = (uint)partitions, Response = 0 }));
            });
        }

        static BaseCommand Answer(CommandPartitionedTopicMetadataResponse response) => new() { Type = CommandType.PartitionedMetadataResponse, PartitionMetadataResponse = response };
    }

    /// <summary>LOOKUP: which node owns a topic.</summary>
    public void Owner(CommandLookupTopic command)
    {
        var request = new Request(connection, command.RequestId, (error, text) => Answer(new CommandLookupTopicResponse { RequestId = command.RequestId, Response = LookupFailed, Error = error, Message = text }));
        if (!TryRead(command.Topic, request, out var topic))
        {
            return;
        }

        var owner = Broker.OwnerOf(topic);
        if (owner == Broker.Self)
        {
            request.Answer(Found(connection.Services.Addresses.Own(connection.Local)));
            return;
        }

        if (request.TryBegin())
        {
            _ = request.RunAsync(async cancellation => request.Answer(Found(await connection.Services.Addresses.OfAsync(owner, cancellation))));
        }

        BaseCommand Found(string url) => Answer(new CommandLookupTopicResponse
        {
            RequestId = command.RequestId,
            BrokerServiceUrl = url,
            Response = LookupConnect,
            Authoritative = true,
            ProxyThroughServiceUrl = false,
        });

        static BaseCommand Answer(CommandLookupTopicResponse response) => new() { Type = CommandType.LookupResponse, LookupTopicResponse = response };
    }

    /// <summary>GET_TOPICS_OF_NAMESPACE: the topics of a namespace, partitions one by one. The client chooses among them by its pattern.</summary>
    public void Topics(CommandGetTopicsOfNamespace command)
    {
        var request = new Request(connection, command.RequestId);
        if (!ClientNames.TryReadNamespace(command.Namespace, out var tenant, out var space))
        {
            request.Refuse(KnownProblems.InvalidName($"'{ResourceName.Shorten(command.Namespace)}' is no namespace: it has the form TENANT/NAMESPACE."));
            return;
        }

        if (request.TryBegin())
        {
            _ = request.RunAsync(async cancellation =>
            {
                var response = new CommandGetTopicsOfNamespaceResponse { RequestId = command.RequestId, Filtered = false, Changed = true };
                string? after = null;
                do
                {
                    var listing = await Broker.ListAsync(TopicName.Own(tenant), space, after, PageSize, cancellation);
                    foreach (var topic in listing.Topics)
                    {
                        if (command.Mode switch { OnlyPersistent => topic.Name.IsPersistent, OnlyNonPersistent => !topic.Name.IsPersistent, _ => true })
                        {
                            Add(response, tenant, topic);
                        }
                    }

                    after = listing.Next;
                }
                while (after is not null);
                request.Answer(new BaseCommand { Type = CommandType.GetTopicsOfNamespaceResponse, GetTopicsOfNamespaceResponse = response });
            });
        }
    }

    private static void Add(CommandGetTopicsOfNamespaceResponse response, string tenant, ListedTopic topic)
    {
        if (response.Topics.Count + Math.Max(1, topic.Partitions) > MostTopics)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The namespace has more than {MostTopics} topics and partitions, which is more than one answer holds.", "Name the topics instead of a pattern, or spread them over several namespaces."));
        }

        if (topic.Partitions == 0)
        {
            response.Topics.Add(ClientNames.For(tenant, topic.Name));
            return;
        }

        for (var i = 0; i < topic.Partitions; i++)
        {
            response.Topics.Add(ClientNames.For(tenant, topic.Name.OfPartition(i)));
        }
    }

    // A cluster that replicates a topic makes it as it is there, whatever is said of topics that clients ask for.
    private async ValueTask<int> EnsureAsync(TopicName topic, uint partitions, CancellationToken cancellation)
    {
        var wanted = (int)Math.Min(partitions, int.MaxValue);
        while (true)
        {
            var there = await Broker.PartitionsAsync(topic, TopicCreation.Never, cancellation);
            if (there is { } count && (count == 0 || count >= wanted))
            {
                return count;
            }

            try
            {
                await (there is null ? Broker.CreateAsync(topic, wanted, cancellation) : Broker.GrowAsync(topic, wanted, cancellation));
            }
            catch (ProblemException e) when (e.Problem.Slug == "conflict")
            {
                // The replicator of another partition, or somebody here, was quicker.
                continue;
            }
        }
    }

    // The topics of Pulsar's own transactions are asked for as others are; they are not made here.
    private static bool TryRead(string text, Request request, out TopicName topic)
    {
        const string ofTransactions = "pulsar", system = "system";
        if (!TopicName.TryParse(text, Scope.Default, out topic))
        {
            request.Refuse(KnownProblems.InvalidName($"'{ResourceName.Shorten(text)}' is no valid name of a topic: {TopicName.Rule}."));
            return false;
        }

        if (topic.Tenant == ofTransactions && topic.Namespace == system)
        {
            request.Refuse(ServerError.NotAllowedError, Transactions.Refusal);
            return false;
        }

        return true;
    }
}
