using Microsoft.Extensions.Logging;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Names;

namespace Virga.Topics.Clients.Consuming;

/// <summary>Which topics and partitions a consumer consumes at a moment.</summary>
internal sealed class ConsumerTopics(TopicBroker broker, INodeLink link, TopicSelection selection, TopicName? retryTopic, TopicConsumerOptions options, TimeProvider time, ILogger logger)
{
    private const int PageSize = 500;

    /// <summary>Whether they are named, so that each of them must be there.</summary>
    public bool AreNamed => selection is TopicSelection.Names;

    /// <summary>Whether more may come after all that are there have ended.</summary>
    public bool MayGrow => !AreNamed || options.OwnedOnly || retryTopic is not null;

    /// <summary>Whether one of them is still to be consumed by this node.</summary>
    public bool Wants(TopicName topic) => !options.OwnedOnly || broker.IsMine(topic);

    /// <summary>Finds them.</summary>
    /// <param name="mustExist">Whether a named one that is neither there nor made by itself is a problem; else it is left out.</param>
    /// <param name="cancellation">Breaks off.</param>
    public async ValueTask<HashSet<TopicName>> FindAsync(bool mustExist, CancellationToken cancellation)
    {
        HashSet<TopicName> found = [];
        switch (selection)
        {
            case TopicSelection.Names names:
                foreach (var topic in names.Topics)
                {
                    await AddAsync(topic, mustExist, found, cancellation);
                }

                break;
            case TopicSelection.Pattern pattern:
                await AddMatchingAsync(pattern, found, cancellation);
                break;
        }

        if (retryTopic is { } retry)
        {
            await AddAsync(retry, mustExist, found, cancellation);
        }

        return found;
    }

    /// <summary>Has them looked for whenever they may have changed.</summary>
    public TopicWatch Watch(Func<CancellationToken, ValueTask> look) => new(broker, options.OwnedOnly ? link : null, Concerns, look, options.Discovery, time, logger);

    private bool Concerns(TopicName topic) => selection switch
    {
        TopicSelection.Names names => names.Topics.Any(name => name.Whole == topic.Whole),
        TopicSelection.Pattern pattern => pattern.Matches(topic),
        _ => false,
    };

    private async ValueTask AddAsync(TopicName topic, bool mustExist, HashSet<TopicName> found, CancellationToken cancellation)
    {
        if (topic.IsPartition)
        {
            Add(topic, found);
            return;
        }

        var partitions = await broker.PartitionsAsync(topic, mustExist ? TopicCreation.AsPolicySays : TopicCreation.Never, cancellation);
        if (partitions is null && mustExist)
        {
            throw new ProblemException(KnownProblems.NotFound($"There is no topic {topic}.", $"Make it: virga topic create {topic}"));
        }

        Add(topic, partitions, found);
    }

    private async ValueTask AddMatchingAsync(TopicSelection.Pattern pattern, HashSet<TopicName> found, CancellationToken cancellation)
    {
        string? after = null;
        do
        {
            var page = await broker.ListAsync(pattern.Tenant, pattern.Namespace, after, PageSize, cancellation);
            foreach (var item in page.Topics)
            {
                if (pattern.Matches(item.Name))
                {
                    Add(item.Name, item.Partitions, found);
                }
            }

            after = page.Next;
        }
        while (after is not null);
    }

    private void Add(TopicName topic, int? partitions, HashSet<TopicName> found)
    {
        if (partitions == 0)
        {
            Add(topic, found);
        }

        for (var i = 0; i < partitions; i++)
        {
            Add(topic.OfPartition(i), found);
        }
    }

    private void Add(TopicName topic, HashSet<TopicName> found)
    {
        if (Wants(topic))
        {
            found.Add(topic);
        }
    }
}
